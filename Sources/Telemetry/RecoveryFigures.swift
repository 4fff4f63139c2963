package import ApplianceCore

/// What could be brought back, over all shops, in figures for Prometheus.
package struct RecoveryFigures: Sendable {
    private let worstPoint: Duration
    private let worstTime: Duration?
    private let promisedPoint: Duration
    private let brokenShops: Int
    private let failingLogs: Int
    private let lastDrill: Instant?
    private let failedDrills: Int
    private let openAlerts: Int

    package init(
        worstPoint: Duration, worstTime: Duration?, promisedPoint: Duration, brokenShops: Int, failingLogs: Int,
        lastDrill: Instant?, failedDrills: Int, openAlerts: Int
    ) {
        (self.worstPoint, self.worstTime, self.promisedPoint) = (worstPoint, worstTime, promisedPoint)
        (self.brokenShops, self.failingLogs) = (brokenShops, failingLogs)
        (self.lastDrill, self.failedDrills, self.openAlerts) = (lastDrill, failedDrills, openAlerts)
    }

    func write(to text: inout PrometheusText) {
        text.single(
            "appliance_recovery_point_seconds", .gauge, "Longest wait of a commit for the change log, of any shop.",
            worstPoint.roundedSeconds)
        text.single(
            "appliance_recovery_point_promised_seconds", .gauge, "What the operator promises.",
            promisedPoint.roundedSeconds)
        if let worstTime {
            text.single(
                "appliance_recovery_time_seconds", .gauge, "Longest restore of a shop, by its last drill.",
                worstTime.roundedSeconds)
        }
        text.single(
            "appliance_recovery_broken_tenants", .gauge, "Shops for which a promise is broken.", Double(brokenShops))
        text.single(
            "appliance_change_log_failing_files", .gauge, "Data files whose change log cannot be written.",
            Double(failingLogs))
        if let lastDrill {
            text.single(
                "appliance_last_verified_restore_timestamp_seconds", .gauge, "When a drill last found a backup whole.",
                Double(lastDrill.seconds))
        }
        text.single(
            "appliance_drills_failing_tenants", .gauge, "Shops whose last drill failed.", Double(failedDrills))
        text.single("appliance_alerts_open", .gauge, "Alerts that have not ended.", Double(openAlerts))
    }
}

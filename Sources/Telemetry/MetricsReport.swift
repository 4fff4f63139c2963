package import ApplianceCore
package import Storage
package import Tenancy

/// The appliance in figures: for the page as JSON, for Prometheus as text.
package struct MetricsReport: Sendable {
    private let requests: RequestMetrics
    private let storage: StorageServices
    private let directory: TenantDirectory
    private let data: DataDirectory
    private let time: TimeSource
    private let startedAt: Instant

    package init(
        requests: RequestMetrics, storage: StorageServices, directory: TenantDirectory, data: DataDirectory,
        time: TimeSource
    ) {
        (self.requests, self.storage, self.directory, self.data, self.time) = (requests, storage, directory, data, time)
        startedAt = time.now()
    }

    package func json() -> JSON {
        let process = ProcessFigures.now()
        return .object(
            requests.json() + [
                .init("uptimeSeconds", .integer(time.now().seconds - startedAt.seconds)),
                .init("memoryBytes", .integer(process.residentBytes)), .init("cpuSeconds", JSON(process.cpuSeconds)),
                // One of the open files is the control plane.
                .init("openDescriptors", JSON(process.openDescriptors)),
                .init("openTenants", JSON(max(0, storage.openFileCount - 1))),
                .init("tenants", JSON(directory.count)),
                .init("diskFreeBytes", .integer(FileSystem.freeBytes(data.root))),
                .init("commits", JSON(storage.statistics.commits)), .init("writes", JSON(storage.statistics.writes)),
            ])
    }

    /// `lastSnapshot` is nil when there is none.
    package func prometheus(lastSnapshot: Instant?, recovery: RecoveryFigures) -> String {
        let process = ProcessFigures.now()
        var text = PrometheusText()
        requests.writePrometheus(to: &text)
        text.single("process_resident_memory_bytes", .gauge, "Resident memory.", Double(process.residentBytes))
        text.single("process_cpu_seconds_total", .counter, "User and system time.", process.cpuSeconds)
        text.single("process_open_fds", .gauge, "Open file descriptors.", Double(process.openDescriptors))
        text.single("process_start_time_seconds", .gauge, "Start of the process.", Double(startedAt.seconds))
        text.single("appliance_tenants", .gauge, "Tenants known.", Double(directory.count))
        text.single("appliance_open_files", .gauge, "Database files open.", Double(storage.openFileCount))
        text.single(
            "appliance_commits_total", .counter, "Transactions synced to disk.", Double(storage.statistics.commits))
        text.single(
            "appliance_writes_total", .counter, "Writes that those transactions carried.",
            Double(storage.statistics.writes))
        text.single(
            "appliance_disk_free_bytes", .gauge, "Free bytes where the data is.",
            Double(FileSystem.freeBytes(data.root)))
        if let lastSnapshot {
            text.single(
                "appliance_last_verified_snapshot_timestamp_seconds", .gauge,
                "When the newest proved snapshot was made.",
                Double(lastSnapshot.seconds))
        }
        recovery.write(to: &text)
        return text.text
    }
}

import ApplianceCore

/// What the operator promises the shops: a configuration, measured against in the report.
package struct RecoveryPromise: Sendable, Equatable {
    package enum Limit {
        /// What a measurement may exceed a promise by before it counts as broken: the log is written each half second,
        /// and a busy disk may take its time once.
        package static let allowance = Duration.seconds(4)
        /// Longest promise: a month.
        static let seconds: Int64 = 31 * 86_400
        /// Bytes to which the promised time of a restore belongs; more bytes have more time.
        static let bytes: Int64 = 1_000_000_000
    }

    /// How much work may be lost at the most when the data disk is lost: a commit is in the change log after this.
    package let point: Duration
    /// How long a shop of a gigabyte may be gone at the most; a smaller one has the same time, a larger one more.
    package let time: Duration

    package static let standard = RecoveryPromise(point: .seconds(1), time: .seconds(10))
    /// What the guides to such services promise: to compare with.
    package static let usual = RecoveryPromise(point: .hours(1), time: .hours(4))

    package init(point: Duration, time: Duration) { (self.point, self.time) = (point, time) }

    func time(of bytes: Int64) -> Duration {
        bytes <= Limit.bytes ? time : .milliseconds(Int64(time.inSeconds * 1000 * Double(bytes) / Double(Limit.bytes)))
    }

    /// A span as the configuration writes it: `1s`, `15m`, `1h`, `1d`. Nil for what is none, is 0, or over a month.
    package static func span(_ text: String) -> Duration? {
        let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ seconds[$0] }), let count = Int64(text.dropLast()),
            (1...Limit.seconds / unit).contains(count)
        else { return nil }
        return .seconds(count * unit)
    }

    var json: JSON {
        ["recoveryPointSeconds": JSON(point.components.seconds), "recoveryTimeSeconds": JSON(time.components.seconds)]
    }
}

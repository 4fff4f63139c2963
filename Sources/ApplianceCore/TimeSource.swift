import Foundation

/// Where time comes from. Everything that asks "now" or waits is handed one; nothing else calls `Date()`.
package struct TimeSource: Sendable {
    private let read: @Sendable () -> Instant
    private let wait: @Sendable (Instant) async throws -> Void
    private let count: @Sendable () -> Int64

    /// `ticks`: where nil, they go with `now`.
    package init(
        now: @escaping @Sendable () -> Instant, sleep: @escaping @Sendable (Instant) async throws -> Void,
        ticks: (@Sendable () -> Int64)? = nil
    ) {
        read = now
        wait = sleep
        count = ticks ?? { Self.nanoseconds(now()) }
    }

    package func now() -> Instant { read() }

    /// Nanoseconds of a clock that nobody sets: only differences mean something.
    package func ticks() -> Int64 { count() }

    /// Within what 64 bits hold: up to the year 2116.
    private static func nanoseconds(_ instant: Instant) -> Int64 {
        let limit = Int64.max / 2 / 1_000_000
        return max(-limit, min(limit, instant.milliseconds)) * 1_000_000
    }

    /// Returns once `now()` has reached `deadline`; throws `CancellationError` when the task is cancelled.
    package func sleep(until deadline: Instant) async throws { try await wait(deadline) }

    package static let system = TimeSource(
        now: { systemNow() },
        sleep: { deadline in
            // In steps, because the wall clock may be set while we wait.
            while true {
                let left = deadline.since(systemNow())
                if left <= .zero { return }
                try await Task.sleep(for: min(left, .seconds(30)))
            }
        },
        ticks: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        })

    private static func systemNow() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

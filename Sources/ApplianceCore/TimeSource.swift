import Foundation

/// Where time comes from. Everything that asks "now" or waits is handed one; nothing else calls `Date()`.
package struct TimeSource: Sendable {
    private let read: @Sendable () -> Instant
    private let wait: @Sendable (Instant) async throws -> Void

    package init(now: @escaping @Sendable () -> Instant, sleep: @escaping @Sendable (Instant) async throws -> Void) {
        read = now
        wait = sleep
    }

    package func now() -> Instant { read() }

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
        })

    private static func systemNow() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

package import ApplianceCore
import Foundation

/// How far the change log of one database is behind its commits, and lately was.
package struct LogLag: Sendable, Equatable {
    /// When the oldest commit was made that is not in the log; nil when all of this process are.
    package let waitingSince: Instant?
    /// Whether this process has seen the log reach a commit, with nothing lost on the way since.
    package let isLogging: Bool
    /// The longest that a commit of this hour or the last one waited for the log.
    package let worst: Duration

    package init(waitingSince: Instant?, isLogging: Bool, worst: Duration) {
        (self.waitingSince, self.isLogging, self.worst) = (waitingSince, isLogging, worst)
    }
}

extension DatabaseFile {
    /// Nil when the file has no change log.
    package func logLag(at now: Instant) -> LogLag? { log?.lag(at: now) }

    /// Whether commits may lie in a WAL beside the file.
    package var hasWAL: Bool { FileSystem.size(URL(filePath: url.path + "-wal")) > 0 }
}

/// The longest waits of the hour and of the one before.
struct LagRecord {
    private var hour: Int64 = .min
    private var (current, previous) = (Duration.zero, Duration.zero)

    mutating func note(_ lag: Duration, at now: Instant) {
        move(to: now)
        current = max(current, lag)
    }

    func worst(at now: Instant) -> Duration {
        var copy = self
        copy.move(to: now)
        return max(copy.current, copy.previous)
    }

    private mutating func move(to now: Instant) {
        let hour = now.seconds.floorDivided(by: 3600)
        guard hour > self.hour else { return }
        previous = hour - 1 == self.hour ? current : .zero
        (self.hour, current) = (hour, .zero)
    }
}

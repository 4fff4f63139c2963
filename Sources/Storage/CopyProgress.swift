import Foundation

/// How much of a copy is written, for one who reads it meanwhile.
package final class CopyProgress: Sendable {
    /// The copy ended without all of its bytes.
    package struct Failed: Error {}

    private let condition = NSCondition()
    private nonisolated(unsafe) var written: Int64 = 0
    private nonisolated(unsafe) var hasEnded = false
    private nonisolated(unsafe) var hasFailed = false

    package init() {}

    func didWrite(_ bytes: Int64) {
        condition.withLock {
            written = bytes
            condition.broadcast()
        }
    }

    func end(failed: Bool) {
        condition.withLock {
            (hasEnded, hasFailed) = (true, failed)
            condition.broadcast()
        }
    }

    /// Blocks until so many bytes are written, or all there are.
    package func wait(for bytes: Int64) throws(Failed) {
        let isThere = condition.withLock {
            while written < bytes, !hasEnded { condition.wait() }
            return !hasFailed
        }
        guard isThere else { throw Failed() }
    }
}

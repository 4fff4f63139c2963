package import ApplianceCore
package import Foundation
package import Logging
import NIOPosix
import Synchronization

/// The change log of all databases: what was committed is below `backups/log` within a second.
///
/// Databases that were written queue here; an idle one costs nothing. A folder that cannot be written delays the log,
/// never the service: the WAL keeps what is missing, and the log catches up by itself.
package final class ChangeLog: Sendable {
    package enum Limit {
        /// From a commit to its archiving, so that a busy second makes one file.
        static let delay = Duration.milliseconds(500)
        static let threads = 2
        /// Pauses after failures: doubled from the first to the last.
        static let firstRetry = Duration.seconds(1)
        static let lastRetry = Duration.seconds(30)
    }

    /// How far behind the log is.
    package struct Status: Sendable {
        /// Databases with commits that are not in the log, or that have just been opened.
        package let waiting: Int
        /// Since when what cannot be written, by name of the database.
        package let failures: [String: Failure]
    }

    package struct Failure: Sendable {
        package let since: Instant
        package let reason: DomainError
        fileprivate let tries: Int
    }

    private struct Entry {
        let file: DatabaseFile
        let due: ContinuousClock.Instant
    }

    private struct Queue {
        /// One for each file, however often it was hurried meanwhile: several would go round side by side for ever,
        /// each with the next commit.
        var entries: [ObjectIdentifier: Entry] = [:]
        /// Taken from the entries and not done.
        var inWork: [ObjectIdentifier: DatabaseFile] = [:]
        var isRunning = false
        var failures: [String: Failure] = [:]
    }

    package let backups: URL
    /// For copies on their way into the log.
    let scratch: URL
    private let seals: LogSeals?
    private let time: TimeSource
    private let logger: Logger
    private let threads = NIOThreadPool(numberOfThreads: Limit.threads)
    private let queue = Mutex(Queue())

    /// `backups` need not exist: it is made when there is something to write. Without `seals` anybody could have
    /// written it.
    package init(backups: URL, scratch: URL, seals: LogSeals?, time: TimeSource, logger: Logger) {
        (self.backups, self.scratch, self.time, self.logger) = (backups, scratch, time, logger)
        self.seals = seals
        threads.start()
    }

    func log(_ file: URL, name: String) -> FileChangeLog {
        FileChangeLog(folder: LogFolder(root: backups, name: name), database: file, seals: seals)
    }

    func now() -> Instant { time.now() }

    package var status: Status {
        queue.withLock { Status(waiting: $0.entries.count, failures: $0.failures) }
    }

    // MARK: - The queue

    func enqueue(_ file: DatabaseFile, after delay: Duration = Limit.delay) {
        let mustStart = queue.withLock { queue in
            let id = ObjectIdentifier(file)
            let due = ContinuousClock.now + delay
            queue.entries[id] = Entry(file: file, due: min(due, queue.entries[id]?.due ?? due))
            defer { queue.isRunning = true }
            return !queue.isRunning
        }
        if mustStart { Task.detached { [self] in await run() } }
    }

    /// A checkpoint waits for it. Does nothing for a file that has just failed: that one is tried again in its time.
    func hurry(_ file: DatabaseFile) {
        guard queue.withLock({ $0.failures[file.name] == nil }) else { return }
        threads.submit { [self] state in if case .active = state { archive(file) } }
    }

    /// Archives what has been committed so far, without waiting for its time; waits for what is under way.
    package func flush() async {
        let files = queue.withLock { queue in
            defer { queue.entries = [:] }
            return Array(queue.entries.mapValues(\.file).merging(queue.inWork) { file, _ in file }.values)
        }
        await withTaskGroup { group in
            for file in files { group.addTask { [self] in try? await flush(file) } }
        }
    }

    /// Archives what was committed to one file. Throws what keeps it from the log.
    package func flush(_ file: DatabaseFile) async throws {
        try await threads.runIfActive { [self] in
            do {
                try file.log?.archive(file)
                queue.withLock { _ = $0.failures.removeValue(forKey: file.name) }
            } catch {
                retry(file, DomainError(any: error))
                throw error
            }
        }
    }

    /// Archives what waits, and ends the threads.
    package func shutdown() async throws {
        await flush()
        try await threads.shutdownGracefully()
    }

    private func run() async {
        while true {
            let next = queue.withLock { queue -> ContinuousClock.Instant? in
                let next = queue.entries.values.map(\.due).min()
                if next == nil { queue.isRunning = false }
                return next
            }
            guard let next else { return }
            // Not longer: what is committed meanwhile may be due before one that is tried again.
            try? await ContinuousClock().sleep(until: min(next, .now + Limit.delay))
            let files = queue.withLock { queue in
                let now = ContinuousClock.now
                let due = queue.entries.filter { $0.value.due <= now }.mapValues(\.file)
                for (id, file) in due {
                    queue.entries[id] = nil
                    queue.inWork[id] = file
                }
                return Array(due.values)
            }
            await archive(files)
            queue.withLock { queue in for file in files { queue.inWork[ObjectIdentifier(file)] = nil } }
        }
    }

    private func archive(_ files: [DatabaseFile]) async {
        await withTaskGroup { group in
            for file in files {
                group.addTask { [self] in try? await threads.runIfActive { self.archive(file) } }
            }
        }
    }

    private func archive(_ file: DatabaseFile) {
        do {
            // Whoever holds the log now may be copying gigabytes: the thread is for others meanwhile.
            guard try file.log?.archiveIfFree(file) ?? true else { return enqueue(file) }
            queue.withLock { _ = $0.failures.removeValue(forKey: file.name) }
        } catch {
            retry(file, DomainError(any: error))
        }
    }

    private func retry(_ file: DatabaseFile, _ reason: DomainError) {
        // A file out of service has nothing to archive until it is opened again.
        guard file.quarantineReason == nil else { return }
        let failure = queue.withLock { queue in
            let old = queue.failures[file.name]
            let failure = Failure(since: old?.since ?? time.now(), reason: reason, tries: (old?.tries ?? 0) + 1)
            queue.failures[file.name] = failure
            return failure
        }
        if failure.tries == 1 {
            logger.error(
                "change log not written; trying again",
                metadata: [LogKey.tenant: "\(file.name)", LogKey.error: "\(reason.cause ?? reason.message)"])
        }
        enqueue(file, after: min(Limit.lastRetry, Limit.firstRetry * (1 << min(failure.tries - 1, 5))))
    }
}

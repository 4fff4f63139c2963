import ApplianceCore
import CollectionKit
import NIOCore
import NIOPosix
import ServiceLifecycle
package import Storage
import Synchronization
package import Tenancy

/// Who listens to the changes of which shop. A commit wakes the shop's feed, if anybody listens; nothing is polled, and
/// a shop without listeners costs nothing.
package final class EventHub: Service, CustomStringConvertible {
    package enum Limit {
        /// Listeners of one shop, and of all.
        package static let tenant = 1000
        package static let all = 5000
        /// Batches that wait for a slow listener before it is dropped; it comes back by the id that it saw last.
        static let waiting = 64
        /// Changes read at once.
        static let batch = 500
        /// Between two batches of a shop, so that a thousand writes a second are not a thousand wake-ups of everybody.
        static let gap = TimeAmount.milliseconds(20)
        /// Between two signs of life, after which a listener that is gone is noticed.
        static let heartbeat = TimeAmount.seconds(15)
    }

    package var description: String { "events" }

    private struct State {
        var feeds: [String: EventFeed] = [:]
        var listeners = 0
        var isClosed = false
    }

    private let storage: StorageServices
    private let directory: TenantDirectory
    private let state = Mutex(State())
    private let loop: any EventLoop

    package init(storage: StorageServices, directory: TenantDirectory) {
        (self.storage, self.directory) = (storage, directory)
        loop = MultiThreadedEventLoopGroup.singleton.next()
    }

    /// Listens to commits until the server is told to stop; then ends every stream, so that none holds it up.
    package func run() async throws {
        storage.commits.listen { [self] name in state.withLock { $0.feeds[name] }?.wake() }
        directory.access.listen { [self] in wakeAll(.check) }
        let beat = loop.scheduleRepeatedTask(initialDelay: Limit.heartbeat, delay: Limit.heartbeat) { [self] _ in
            wakeAll(.heartbeat)
        }
        try? await gracefulShutdown()
        beat.cancel()
        storage.commits.listen(nil)
        directory.access.listen(nil)
        close()
    }

    private func close() {
        let feeds = state.withLock { state in
            state.isClosed = true
            defer { state.feeds = [:] }
            return Array(state.feeds.values)
        }
        for feed in feeds { feed.close() }
    }

    private func wakeAll(_ batch: EventBatch) {
        for feed in state.withLock({ Array($0.feeds.values) }) { feed.send(batch) }
    }

    package var listeners: Int { state.withLock { $0.listeners } }

    /// Throws 429 when nobody else may listen.
    func checkRoom(_ tenant: String) throws {
        let hasRoom = state.withLock { state in
            state.listeners < Limit.all && (state.feeds[tenant]?.count ?? 0) < Limit.tenant
        }
        guard hasRoom else {
            throw DomainError(
                .tooMany, "too_many_listeners", "Too many are listening already.", hint: "Ask again later.",
                retryAfter: 30)
        }
    }

    /// Runs `body` with what happens in the shop from now on. The stream ends when the listener falls too far behind
    /// and when the server stops.
    func listening(
        to file: DatabaseFile, _ body: (AsyncStream<EventBatch>) async throws -> Void
    ) async throws {
        try checkRoom(file.name)
        guard let (feed, id, stream) = join(file) else { return }
        defer {
            state.withLock { state in
                state.listeners -= 1
                if feed.leave(id), state.feeds[file.name] === feed { state.feeds[file.name] = nil }
            }
        }
        try await body(stream)
    }

    private func join(_ file: DatabaseFile) -> (EventFeed, Int, AsyncStream<EventBatch>)? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            let feed = state.feeds[file.name] ?? EventFeed(file, loop)
            state.feeds[file.name] = feed
            state.listeners += 1
            let (id, stream) = feed.join()
            return (feed, id, stream)
        }
    }
}

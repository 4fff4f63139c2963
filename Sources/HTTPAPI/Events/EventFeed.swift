import ApplianceCore
import CollectionKit
import NIOCore
import Storage
import Synchronization

/// What all listeners of a shop are sent; shared, so that a thousand of them hold the same bytes.
enum EventBatch: Sendable {
    case changes([RecordEvent])
    /// What came since can no longer be told: whoever listens must read anew.
    case reset(AuditPosition)
    case heartbeat
    /// Somebody's access may have ended.
    case check
}

/// A change as it goes over the wire.
struct RecordEvent: Sendable {
    let seq: Int64
    let collection: String
    let target: String?
    /// A whole message of a `text/event-stream`.
    let bytes: [UInt8]

    init(_ change: RecordChange) {
        (seq, collection, target) = (change.position.seq, change.collection, change.target)
        let data: JSON = [
            "action": .string(change.action), "at": .string(change.at), "collection": .string(change.collection),
            "id": JSON(change.target),
        ]
        bytes = Array("id: \(change.position.text)\nevent: change\ndata: \(data.text)\n\n".utf8)
    }
}

/// The changes of one shop, read once after each commit and handed to all who listen. Lives as long as somebody does.
final class EventFeed: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<EventBatch>.Continuation] = [:]
        var nextID = 0
    }

    private let file: DatabaseFile
    private let loop: any EventLoop
    private let state = Mutex(State())
    private let wakeUps: AsyncStream<Void>.Continuation

    init(_ file: DatabaseFile, _ loop: any EventLoop) {
        (self.file, self.loop) = (file, loop)
        let (signals, wakeUps) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.wakeUps = wakeUps
        // Where it begins is read by the first wake-up, and a listener brings itself up to that by its own reading.
        wakeUps.yield()
        Task { [weak self] in
            var position: AuditPosition?
            for await _ in signals {
                guard let self else { return }
                position = feed(position)
                // What is committed meanwhile waits for one wake-up together.
                try? await loop.scheduleTask(in: EventHub.Limit.gap) {}.futureResult.get()
            }
        }
    }

    /// There may be something new. Costs next to nothing when nobody has looked since the last time.
    func wake() { wakeUps.yield() }

    var count: Int { state.withLock { $0.listeners.count } }

    func join() -> (Int, AsyncStream<EventBatch>) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: EventBatch.self, bufferingPolicy: .bufferingOldest(EventHub.Limit.waiting))
        return state.withLock { state in
            state.nextID += 1
            state.listeners[state.nextID] = continuation
            return (state.nextID, stream)
        }
    }

    /// True when nobody is left; the feed has ended then.
    func leave(_ id: Int) -> Bool {
        let isLast = state.withLock { state in
            state.listeners[id] = nil
            return state.listeners.isEmpty
        }
        if isLast { wakeUps.finish() }
        return isLast
    }

    func close() {
        wakeUps.finish()
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }

    /// One who has not taken the last batches is let go rather than waited for, or kept in memory.
    func send(_ batch: EventBatch) {
        let listeners = state.withLock { $0.listeners }
        for (id, listener) in listeners {
            guard case .dropped = listener.yield(batch) else { continue }
            listener.finish()
            state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
    }

    /// Hands out what is new since `position`; where it is then. Nil and an unreadable file: look again next time.
    private func feed(_ position: AuditPosition?) -> AuditPosition? {
        do {
            guard let position else { return try file.read { db in try AuditTrail.head(db) } }
            let changes = try file.read { db -> [RecordChange]? in
                guard try AuditTrail.holds(db, position) else { return nil }
                return try AuditTrail.changes(db, after: position.seq, limit: EventHub.Limit.batch)
            }
            guard let changes else {
                let head = try file.read { db in try AuditTrail.head(db) }
                send(.reset(head))
                return head
            }
            guard let last = changes.last else { return position }
            send(.changes(changes.map(RecordEvent.init)))
            if changes.count == EventHub.Limit.batch { wake() }
            return last.position
        } catch {
            // Out of service or being restored: who may not listen any more is found out all the same.
            send(.check)
            return position
        }
    }
}

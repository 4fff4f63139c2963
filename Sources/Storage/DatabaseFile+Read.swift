import ApplianceCore
import Foundation
package import GRDB
import GRDBSQLite
import Synchronization

/// A read-only connection and the instant at which its current query is stopped.
final class Reader: Sendable {
    let queue: DatabaseQueue
    private let deadline = ReadDeadline()

    /// Virtual-machine steps between two looks at the clock: some 10 µs.
    private static let stepsPerLook: Int32 = 1000

    init(_ url: URL) throws {
        queue = try DatabaseConfiguration.openReader(url)
        let context = Unmanaged.passUnretained(deadline).toOpaque()
        try queue.unsafeReentrantRead { db in
            guard let connection = db.sqliteConnection else { throw DomainError.internal("no connection") }
            // The pointer lives as long as the connection: both belong to this object.
            sqlite3_progress_handler(
                connection, Self.stepsPerLook,
                { context in
                    guard let context else { return 0 }
                    return Unmanaged<ReadDeadline>.fromOpaque(context).takeUnretainedValue().isPast ? 1 : 0
                }, context)
        }
    }

    func arm(_ limit: DatabaseFile.ReadLimit) {
        deadline.set(limit.time, looks: limit.steps / Int(Self.stepsPerLook))
    }
    func close() { try? queue.close() }
}

/// A monotonic instant, and how often may be looked at it. Used by one thread at a time, whoever has the reader.
private final class ReadDeadline: Sendable {
    private let nanoseconds = Atomic<Int64>(.max)
    private let looks = Atomic<Int>(.max)

    func set(_ limit: Duration, looks: Int) {
        nanoseconds.store(Self.now() + limit.wholeMilliseconds * 1_000_000, ordering: .relaxed)
        self.looks.store(looks, ordering: .relaxed)
    }

    var isPast: Bool {
        looks.subtract(1, ordering: .relaxed).newValue < 0 || Self.now() > nanoseconds.load(ordering: .relaxed)
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension DatabaseFile {
    /// What a query may take before it is stopped with `query_too_slow`.
    package struct ReadLimit: Sendable {
        package let time: Duration
        /// Steps of SQLite's virtual machine; some 100 million a second.
        package let steps: Int

        package init(time: Duration, steps: Int = .max) { (self.time, self.steps) = (time, steps) }

        /// On an event loop, which others wait for: a page by an index takes a hundredth of it, 10,000 rows looked
        /// through take all of it.
        package static let moment = ReadLimit(time: .milliseconds(50), steps: 200_000)
        /// A request's query.
        package static let request = ReadLimit(time: .seconds(2))
        /// An export, a report or a copy, on the pool.
        package static let long = ReadLimit(time: .seconds(600))
    }

    /// Reads on the calling thread, from the latest commit. A point read takes some microseconds, less than a hop to
    /// another thread would. Statements of `body` see one state of the file only inside a transaction of their own.
    package func read<Value>(
        limit: ReadLimit = .request, _ body: (Database) throws -> Value
    ) throws -> Value {
        let reader = try takeReader()
        defer { putBack(reader) }
        reader.arm(limit)
        do {
            return try reader.queue.unsafeReentrantRead(body)
        } catch let error as DatabaseError {
            throw note(error)
        }
    }

    /// Reads on the pool for long work, in one transaction: the whole of `body` sees one state of the file.
    package func readLong<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value
    {
        try await services.longWork { try self.readTransaction(body) }
    }

    /// As `readLong`, on the calling thread.
    package func readTransaction<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try read(limit: .long) { db in
            var value: Value?
            try db.inTransaction(.deferred) {
                value = try body(db)
                return .commit
            }
            guard let value else { throw DomainError.internal("no value") }
            return value
        }
    }

    func takeReader() throws -> Reader {
        let idle = try state.withLock { state -> Reader? in
            _ = try openWriter(&state)
            state.readersOut += 1
            state.spacing.didRead()
            return state.idleReaders.popLast()
        }
        services.didUse(self)
        if let idle { return idle }
        do {
            return try Reader(url)
        } catch {
            returnReader(nil)
            throw note(error)
        }
    }

    func putBack(_ reader: Reader) {
        if let surplus = returnReader(reader) { surplus.close() }
    }

    /// The reader itself when it is one too many or the file is no longer open.
    @discardableResult
    func returnReader(_ reader: Reader?) -> Reader? {
        let (surplus, waiters) = state.withLock { state in
            state.readersOut -= 1
            var surplus = reader
            if case .open = state.phase, let reader, state.idleReaders.count < Limit.idleReaders {
                state.idleReaders.append(reader)
                surplus = nil
            }
            return (surplus, takeQuietWaiters(&state))
        }
        for waiter in waiters { waiter.resume() }
        return surplus
    }
}

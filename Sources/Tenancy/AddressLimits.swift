import ApplianceCore
import GRDB
import Storage
import Synchronization

/// How often one address may sign in, sign up, ask for links and the like: 100 times at once, then one each nine
/// seconds (GCRA in integers). In memory, and behind it in `system.sqlite`, so that a restart forgets nobody.
package final class AddressLimits: Sendable {
    package enum Limit {
        package static let attempts: Int64 = 100
        package static let window = Duration.minutes(15)
        static let interval = window.wholeMilliseconds / attempts
        /// Addresses remembered at once.
        static let addresses = 100_000
    }

    static let schema = """
        CREATE TABLE addressLimits (address TEXT PRIMARY KEY NOT NULL, arrival INTEGER NOT NULL) STRICT;
        """

    private struct State {
        /// For each address the theoretical arrival time of its next attempt, in milliseconds.
        var arrivals: [String: Int64] = [:]
        /// Those that are not written yet.
        var changed: Set<String> = []
        var isWriting = false
    }

    private let state = Mutex(State())
    private let system: DatabaseFile
    private let afterwards: Afterwards
    private let time: TimeSource

    init(system: DatabaseFile, afterwards: Afterwards, time: TimeSource) {
        (self.system, self.afterwards, self.time) = (system, afterwards, time)
    }

    /// Reads what was written before a restart.
    package func load() throws {
        let now = time.now().milliseconds
        let rows = try system.read { db in
            try db.all("SELECT address, arrival FROM addressLimits WHERE arrival > ?1", [.integer(now)]) {
                ($0.text(0) ?? "", $0.integer(1))
            }
        }
        state.withLock { $0.arrivals = Dictionary(rows, uniquingKeysWith: { first, _ in first }) }
    }

    /// Takes one attempt; throws 429 with the seconds to wait once there are too many. `key`: the address of
    /// one customer.
    package func take(_ key: String) throws {
        let now = time.now().milliseconds
        let (wait, begins) = state.withLock { state -> (Int64, Bool) in
            if state.arrivals.count >= Limit.addresses { state.arrivals = state.arrivals.filter { $0.value > now } }
            let next = max(state.arrivals[key] ?? 0, now)
            let wait = next - now - (Limit.attempts - 1) * Limit.interval
            guard wait <= 0 else { return (wait, false) }
            state.arrivals[key] = next + Limit.interval
            state.changed.insert(key)
            defer { state.isWriting = true }
            return (wait, !state.isWriting)
        }
        if begins { write() }
        guard wait > 0 else { return }
        throw DomainError(
            .tooMany, "too_many_requests", "Too many requests, please try again later.",
            retryAfter: Int(max(1, (wait + 999) / 1000)))
    }

    /// All that changed since the last time in one transaction.
    private func write() {
        do {
            try afterwards.run { [self] in
                let rows = state.withLock { state -> [(String, Int64)] in
                    let rows = state.changed.compactMap { key in state.arrivals[key].map { (key, $0) } }
                    (state.changed, state.isWriting) = ([], false)
                    return rows
                }
                let now = time.now().milliseconds
                // A disk that refuses is reported elsewhere; the limit goes on in memory.
                try? await system.write { db in
                    try db.run("DELETE FROM addressLimits WHERE arrival <= ?1", [.integer(now)])
                    for (address, arrival) in rows {
                        try db.run(
                            "INSERT OR REPLACE INTO addressLimits VALUES (?1, ?2)", [.text(address), .integer(arrival)])
                    }
                }
            }
        } catch {
            // Too much waits: the next attempt begins again.
            state.withLock { $0.isWriting = false }
        }
    }
}

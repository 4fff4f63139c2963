package import ApplianceCore
import Logging
import Storage

extension BackupService {
    /// Joins finished hours of every database's change log, and removes what the restore window does not need. One that
    /// fails is logged and does not keep the others from it; one that somebody restores from waits for the next time.
    /// Answers what was done, in a sentence.
    @discardableResult
    package func compactLog() async throws -> String {
        let now = environment.time.now()
        let (joined, failed) = try await eachLog { log, _ in try log.compact(now: now) }
        let removed = try await pruneLog()
        return "\(joined) hours joined, \(removed) files removed" + (failed > 0 ? ", \(failed) logs failed" : "")
    }

    /// Removes what no restore inside the window needs, and the logs of databases that are gone for longer than it; how
    /// many files.
    func pruneLog() async throws -> Int {
        let start = windowStart
        // Without knowing who is there nobody's log is given up.
        let known = Set(try await environment.source.tenants().map(\.id) + ["system"])
        return try await eachLog { log, name in
            if !known.contains(name), try log.removeIfOver(before: start) { return 1 }
            return try log.prune(before: start)
        }.done
    }

    private var windowStart: Instant { environment.time.now().subtracting(environment.retention.window.duration) }

    private func eachLog(
        _ work: @escaping @Sendable (LogCompaction, String) throws -> Int
    ) async throws -> (done: Int, failed: Int) {
        var (done, failed) = (0, 0)
        for name in try await loggedNames().sorted() {
            let log = LogCompaction(
                root: catalog.root, name: name, scratch: environment.directory.scratch, seals: environment.logSeals)
            do {
                let count = try await logUse.writing(name) {
                    try await environment.services.longWork { try work(log, name) }
                }
                done += count ?? 0
            } catch {
                failed += 1
                let cause = DomainError(any: error).cause ?? "\(error)"
                environment.logger.error(
                    "change log not tidied up", metadata: [LogKey.tenant: "\(name)", LogKey.error: "\(cause)"])
            }
        }
        return (done, failed)
    }

    /// What a prune says of the change log: each chain, and why it stays; nil when it goes.
    package func logDecisions() async throws -> [JSON] {
        let tenants = try await environment.source.tenants()
        let names = Dictionary(tenants.map { ($0.id, $0.slug) }, uniquingKeysWith: { first, _ in first })
        let window = environment.retention.window.text
        return try await logSpans().sorted { $0.key < $1.key }.flatMap { id, chains in
            let isGone = names[id] == nil && id != "system" && (chains.last?.to ?? .earliest) < windowStart
            let gone = isGone ? chains.count : LogCompaction.superseded(chains.map(\.from), before: windowStart)
            return chains.enumerated().map { index, chain in
                chain.json.adding([
                    "tenant": .string(names[id] ?? id), "kept": .bool(index >= gone),
                    "reason": JSON(index < gone ? nil : "log: each second of the \(window) restore window"),
                ])
            }
        }
    }
}

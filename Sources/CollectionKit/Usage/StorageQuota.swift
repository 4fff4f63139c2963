package import ApplianceCore
package import GRDB
import Storage
import Synchronization

/// How many bytes a shop may have: of its database, but for pages that wait to be used again, and of its files.
/// Asked in the transaction of each write, so that 100 % is exact; what is there can always be read and deleted.
package final class StorageQuota: Sendable {
    private enum Limit {
        /// More than one record can add to the file, indexes and log included: while there is room for many of these,
        /// most writes need not ask.
        static let record: Int64 = 8 << 20
    }

    package let limit: Int64
    /// What a refusal says of the plan.
    private let details: @Sendable ([JSON.Member]) -> [JSON.Member]
    /// Writes that certainly fit.
    private let sure = Atomic<Int64>(0)

    package init(limit: Int64, details: @escaping @Sendable ([JSON.Member]) -> [JSON.Member]) {
        (self.limit, self.details) = (limit, details)
    }

    /// Throws 402 `storage_limit` when what the transaction has written so far, and `more` bytes, do not fit.
    package func check(_ db: Database, adding more: Int64 = 0) throws {
        if more == 0, sure.load(ordering: .relaxed) > 0, sure.subtract(1, ordering: .relaxed).newValue >= 0 { return }
        let used = try Self.used(db)
        let left = limit - used
        sure.store(more == 0 ? max(0, left / Limit.record - 1) : 0, ordering: .relaxed)
        guard more > left else { return }
        var error = DomainError(
            .paymentRequired, "storage_limit", "The shop has no storage left: its plan includes \(limit) bytes.",
            hint: "Delete what is no longer needed, or take another plan. What is there can be read all the same.")
        error.details = details([
            .init("limit", .integer(limit)), .init("used", .integer(used)),
            .init("remaining", .integer(max(0, left))),
        ])
        throw error
    }

    /// Bytes in use, what the transaction under way adds included.
    package static func used(_ db: Database) throws -> Int64 {
        let pages = try db.first(
            "SELECT page_count - (SELECT freelist_count FROM pragma_freelist_count) FROM pragma_page_count"
        ) {
            $0.integer(0)
        }
        let size = try db.first("SELECT page_size FROM pragma_page_size") { $0.integer(0) }
        return try (pages ?? 0) * (size ?? 0) + UploadedFile.totalBytes(db)
    }
}

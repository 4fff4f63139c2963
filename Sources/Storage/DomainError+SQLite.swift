package import ApplianceCore
import CAppliance
package import GRDB

extension DomainError {
    /// What an error of SQLite means for the person who asked. Constraint failures are the caller's to name.
    package init(sqlite error: DatabaseError) {
        let cause = "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "")"
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.storageFull, "storage_full", "The disk is full.", hint: "Reading still works.", cause: cause)
        case .SQLITE_READONLY:
            self = .unavailable(Self.readOnlyCode, "The disk is read-only.", cause: cause)
        case .SQLITE_CORRUPT where error.extendedResultCode == .SQLITE_CORRUPT_VTAB:
            self.init(
                .unavailable, Self.indexDamagedCode, "The search index does not fit the records; it is made anew.",
                hint: "Try again in a moment.", retryAfter: 5, cause: cause)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .damaged(cause: cause)
        case .SQLITE_INTERRUPT:
            self.init(
                .invalid, "query_too_slow", "The query took too long and was stopped.",
                hint: "Filter by an indexed field, or ask for fewer records.", cause: cause)
        case .SQLITE_CONSTRAINT:
            self.init(.conflict, "constraint_failed", "The change contradicts other records.", cause: cause)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self = .unavailable("database_busy", "The shop's data is busy.", cause: cause)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN:
            self = .unavailable(Self.storageFailedCode, "The disk could not be read or written.", cause: cause)
        default:
            self = .internal(cause)
        }
    }

    static let storageFailedCode = "storage_failed"
    static let readOnlyCode = "storage_read_only"
    static let indexDamagedCode = "search_damaged"
    static let damagedCode = "data_damaged"

    /// The file's content is not what SQLite wrote.
    package static func damaged(cause: String) -> DomainError {
        DomainError(
            .unavailable, damagedCode, "This shop's data file is damaged; the other shops are not affected.",
            hint: "appliance restore --tenant SLUG --yes", retryAfter: 60, cause: cause)
    }

    /// Any error, as one of ours.
    package init(any error: any Error) {
        switch error {
        case let error as DomainError: self = error
        case let error as DatabaseError: self.init(sqlite: error)
        case is CancellationError: self = .unavailable("cancelled", "The server is stopping.")
        default: self = .internal(String(describing: error))
        }
    }
}

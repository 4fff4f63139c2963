package import ApplianceCore
package import Storage

/// A shop as it was: a copy that nobody writes, there as long as somebody holds this.
package final class PastState: Sendable {
    package let database: DatabaseFile
    /// When the last commit in it was made.
    package let at: Instant
    /// What making it took.
    package let seconds: Double
    private let release: @Sendable () -> Void

    package init(database: DatabaseFile, at: Instant, seconds: Double, release: @escaping @Sendable () -> Void) {
        (self.database, self.at, self.seconds, self.release) = (database, at, seconds, release)
    }

    deinit { release() }
}

/// Opens a shop, by its id, as it was at an instant. Throws `outside_window` where that is not known.
package typealias PastSource = @Sendable (_ tenant: String, _ at: Instant) async throws -> PastState

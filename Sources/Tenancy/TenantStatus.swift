package import ApplianceCore
package import CollectionKit

extension Tenant {
    /// Where a shop stands in its life (`facts/trials.md`, "State machine"). What is stored is where it stood when
    /// somebody last wrote it down; what holds is `status(at:)`.
    package enum Status: String, Sendable, Codable, CaseIterable {
        case trialing, active
        /// The trial or the paid period is over: everything still works for some days, and the page says so.
        case pastDue = "past_due"
        /// Its users can sign in, read and take their data away; nothing can be changed.
        case suspended
        /// Only its owners can sign in, to read and take their data away.
        case cancelled
        /// In the trash: out of service, and can come back.
        case deleted
        /// Gone for good.
        case erased
    }
}

/// What a shop in some state may still do. The one place where that is said: requests, the page and the documentation
/// all ask here.
package struct TenantRights: Sendable, Equatable {
    package enum People: String, Sendable { case everybody, owners, nobody }

    /// Who can sign in, read, and take data away.
    package let readers: People
    /// Whether anything can be changed, by those whose role allows it.
    package let isWritable: Bool
    /// Whether public files and pages are served to strangers.
    package let isPublic: Bool
    /// Whether the shop's people are told on every page.
    package let isAnnounced: Bool

    private init(_ readers: People, isWritable: Bool = false, isPublic: Bool = false, isAnnounced: Bool = false) {
        (self.readers, self.isWritable, self.isPublic) = (readers, isWritable, isPublic)
        self.isAnnounced = isAnnounced
    }

    private static let full = TenantRights(.everybody, isWritable: true, isPublic: true)
    private static let grace = TenantRights(.everybody, isWritable: true, isPublic: true, isAnnounced: true)
    private static let readOnly = TenantRights(.everybody, isAnnounced: true)
    private static let ownersOnly = TenantRights(.owners, isAnnounced: true)
    private static let none = TenantRights(.nobody)

    package static func of(_ status: Tenant.Status) -> TenantRights {
        switch status {
        case .trialing, .active: full
        case .pastDue: grace
        case .suspended: readOnly
        case .cancelled: ownersOnly
        case .deleted, .erased: none
        }
    }

    package func admits(_ role: Role) -> Bool {
        switch readers {
        case .everybody: true
        case .owners: role == .owner
        case .nobody: false
        }
    }

    package var json: JSON {
        [
            "readers": .string(readers.rawValue), "isWritable": .bool(isWritable), "isPublic": .bool(isPublic),
            "isAnnounced": .bool(isAnnounced),
        ]
    }
}

extension Tenant.Status {
    package var rights: TenantRights { TenantRights.of(self) }

    /// Refuses people whom the state keeps out. A cancelled shop's data is its owners' to take away, nobody else's.
    package func requireEntry(_ role: Role) throws(DomainError) {
        guard !rights.admits(role) else { return }
        throw DomainError.forbidden(
            "tenant_cancelled", "This shop is cancelled: only its owners can sign in, to take its data away.",
            hint: "Ask the operator to reactivate it.")
    }

    /// Refuses changes while the shop is read-only.
    package func requireWritable() throws(DomainError) {
        guard !rights.isWritable else { return }
        throw DomainError.forbidden(
            "tenant_suspended",
            "This shop is \(self == .cancelled ? "cancelled" : "suspended"): "
                + "it can be read but not changed.",
            hint: "Ask the operator to activate it.")
    }
}

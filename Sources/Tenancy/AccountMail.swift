import ApplianceCore
import CollectionKit
import GRDB
import Storage

/// Messages about accounts: into the outbox, with their links sealed, because a link opens an account.
struct AccountMail: Sendable {
    private let system: DatabaseFile
    private let master: MasterKey
    /// Where people reach the server; configured, never taken from a request.
    private let address: String
    private let ids: IdentifierSource
    private let time: TimeSource

    init(system: DatabaseFile, master: MasterKey, address: String, ids: IdentifierSource, time: TimeSource) {
        (self.system, self.master, self.address, self.ids, self.time) = (system, master, address, ids, time)
    }

    /// The secret is behind `#`, so that no server, proxy or log is sent it.
    func address(of link: AccountLink, page: String) -> String { "\(address)/admin#/\(page)/\(link.token)" }

    /// Notes a message about an account; `{link}` in the body stands for the link.
    func send(
        _ kind: String, about anchor: String, to recipient: String, tenant: Tenant?, subject: String, body: String,
        link: String? = nil
    ) async throws {
        try await system.write(
            note(kind, about: anchor, to: recipient, tenant: tenant, subject: subject, body: body, link: link))
    }

    /// As `send`, for a transaction of `system.sqlite` that the caller makes.
    func note(
        _ kind: String, about anchor: String, to recipient: String, tenant: Tenant?, subject: String, body: String,
        link: String? = nil
    ) throws -> @Sendable (Database) throws -> Void {
        let (id, now) = (ids.next("msg"), time.now())
        let sealed = try link.map { try Outbox.sealer(master).seal($0, id) }
        let message = Outbox.Message(
            tenantID: tenant?.id ?? "", kind: kind, anchor: anchor, recipient: recipient, subject: subject, body: body,
            sealedLink: sealed)
        return { db in _ = try Outbox.put(db, message, id: id, now: now) }
    }
}

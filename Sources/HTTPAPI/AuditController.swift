import ApplianceCore
import CollectionKit
import Hummingbird
package import Storage
import Tenancy

/// The audit logs: each shop's own for those who manage it, the appliance's for operators.
package struct AuditController: Sendable {
    private let system: DatabaseFile
    private let services: HTTPServices

    package init(_ services: HTTPServices, system: DatabaseFile) { (self.services, self.system) = (services, system) }

    private static let asks = RouteShape.pages(
        .text("target"), .text("actor"), .text("action"), .moment("from"), .moment("until"))

    package func add(to routes: Routes) {
        routes.tenantManager(.get, "/api/audit", "The shop's audit log", Self.asks.gives(.list(.auditEvent))) {
            context in
            let catalog = try services.own(context.database).catalog
            return try list(context.request, context.database) { name in
                catalog[name].map { context.principal.view(of: $0) }
            }
        }
        routes.tenantManager(
            .get, "/api/audit/verify", "Check that the shop's audit log is what was written",
            .asks(.text("anchor")).gives(.auditVerification)
        ) {
            try await verify($0.request, $0.database)
        }
        routes.operator(.get, "/api/admin/audit", "The appliance's audit log", Self.asks.gives(.list(.auditEvent))) {
            try list($0.request, system)
        }
        routes.operator(
            .get, "/api/admin/audit/verify", "Check that the appliance's audit log is what was written",
            .asks(.text("anchor")).gives(.auditVerification)
        ) {
            try await verify($0.request, system)
        }
    }

    /// `?target=&actor=&action=&from=&until=&cursor=&limit=`, the latest first. `action=invoices.` is all of invoices.
    private func list(
        _ request: Request, _ file: DatabaseFile, view: (String) -> CollectionView? = { _ in nil }
    ) throws -> Response {
        let page = try Page(request)
        var filter = AuditTrail.Filter()
        filter.before = try page.cursor.map { text in
            guard let seq = Int64(text) else { throw DomainError.invalid("cursor", "not_a_cursor", "Not a cursor.") }
            return seq
        }
        (filter.target, filter.actor, filter.action) = (page["target"], page["actor"], page["action"])
        filter.from = try instant(page, "from")
        filter.until = try instant(page, "until")
        let (limit, found) = (page.limit, filter)
        let items = try file.read { db in try AuditTrail.list(db, found, limit: limit) }
        let last = items.count == limit ? items.last?["seq"]?.integerValue.map(String.init) : nil
        let visible = items.map { AuditTrail.visible($0, view) }
        return Answer.json(["items": .array(visible), "nextCursor": JSON(last)], for: request)
    }

    private func instant(_ page: Page, _ name: String) throws -> Instant? {
        try page[name].map { text in
            if let date = CivilDate(text) { return LocalTime.utc.instant(date) }
            guard let instant = Instant(text) else {
                throw DomainError.invalid(name, "not_a_time", "A day or a time such as 2026-11-21T02:00:00Z.")
            }
            return instant
        }
    }

    /// `?anchor=SEQ:HASH` compares with what an earlier look printed, which is what shows a log that was cut off.
    private func verify(_ request: Request, _ file: DatabaseFile) async throws -> Response {
        let anchor = try Page(request)["anchor"].map { text in
            guard let anchor = AuditChain.Anchor(text) else {
                throw DomainError.invalid("anchor", "not_an_anchor", "SEQ:HASH, as an earlier verification printed it.")
            }
            return anchor
        }
        return Answer.json(try await file.readLong { db in try AuditChain.verify(db, anchor: anchor) }.json)
    }
}

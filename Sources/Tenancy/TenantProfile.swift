import ApplianceCore
import CollectionKit
import GRDB
import Storage

/// What a shop is to the outside: its name, its logo, the web pages that may use its API, its domains, and whether
/// operators may come in.
extension Tenants {
    package enum ProfileLimit {
        static let name = 200
        /// Domains of one shop.
        static let domains = 10
    }

    /// Nil leaves a value as it is.
    package struct ProfileChange: Sendable {
        package var name: String?
        /// A public file of the shop; empty for none.
        package var logoFileID: String?
        package var corsOrigins: [String]?
        package var refusesSupport: Bool?

        package init() {}

        /// Reads the fields that both the shop's own people and operators may change.
        package init(_ body: inout InputReader) throws {
            name = body.text("name", max: ProfileLimit.name)
            logoFileID = body.optionalText("logoFileId", max: 64)
            if let lines = body.texts("corsOrigins", allowed: nil) {
                corsOrigins = try WebOrigin.checked(lines, field: "corsOrigins")
            }
        }
    }

    package func changeProfile(_ key: String, _ change: ProfileChange, _ request: MoveRequest) async throws -> Tenant {
        guard let tenant = directory[key] else { throw DomainError.notFound("shop") }
        if let id = change.logoFileID, !id.isEmpty { try checkLogo(id, of: tenant) }
        var report: [JSON.Member] = []
        if let name = change.name { report.append(.init("name", .string(name))) }
        if let logo = change.logoFileID { report.append(.init("logoFileId", .string(logo))) }
        if let origins = change.corsOrigins {
            report.append(.init("corsOrigins", .array(origins.map { .string($0) })))
        }
        if let refuses = change.refusesSupport { report.append(.init("refusesSupport", .bool(refuses))) }
        return try await self.change(tenant.id, "tenant.change", request, data: .object(report)) { tenant in
            if let name = change.name { tenant.name = name }
            if let logo = change.logoFileID { tenant.logoFileID = logo.isEmpty ? nil : logo }
            if let origins = change.corsOrigins { tenant.corsOrigins = origins.isEmpty ? nil : origins }
            if let refuses = change.refusesSupport { tenant.isSupportRefused = refuses ? true : nil }
        }
    }

    private func checkLogo(_ id: String, of tenant: Tenant) throws {
        let file = try? directory.file(tenant.id).read { db in try UploadedFile.find(db, id: id) }
        guard let file, file.isPublic, file.type.hasPrefix("image/") else {
            throw DomainError.invalid(
                "logoFileId", "not_a_public_image", "Name an uploaded file that is a public image.")
        }
    }

    // MARK: - Domains

    static let domainSchema = """
        CREATE TABLE tenantDomains (
            domain TEXT PRIMARY KEY NOT NULL, tenantId TEXT NOT NULL, createdAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX tenantDomains_tenant ON tenantDomains (tenantId);
        """

    /// A host name as it is compared: `Shop.Example.` is `shop.example`. Nil for what is none.
    package static func hostName(_ text: String) -> String? {
        var name = text.lowercased()
        if name.hasSuffix(".") { name = String(name.dropLast()) }
        guard name.utf8.count <= 253, name.contains("."), TextRules.isEmail("a@\(name)"),
            name.utf8.allSatisfy({ $0 < 0x80 }), name.contains(where: \.isLetter)
        else { return nil }
        return name
    }

    /// The domain answers for the shop from now on. Throws `domain_taken`.
    package func addDomain(_ key: String, _ text: String, below own: String?, _ request: MoveRequest) async throws
        -> String
    {
        guard let tenant = directory[key] else { throw DomainError.notFound("shop") }
        guard let domain = Self.hostName(text) else {
            throw DomainError.invalid("domain", "not_a_domain", "Expected a host name such as shop.example.")
        }
        if let own = own?.lowercased(), domain == own || domain.hasSuffix("." + own) {
            throw DomainError.invalid(
                "domain", "reserved", "Names below \(own) are given by the shops' slugs.")
        }
        let now = time.now()
        try await system.write { db in
            let known = try db.all(
                "SELECT domain, tenantId FROM tenantDomains WHERE domain = ?1 OR tenantId = ?2",
                [
                    .text(domain), .text(tenant.id),
                ]
            ) { ($0.text(0) ?? "", $0.text(1) ?? "") }
            if known.contains(where: { $0.0 == domain }) {
                throw DomainError.conflict("domain_taken", "A shop has this domain already.")
            }
            guard known.count < ProfileLimit.domains else {
                throw DomainError.conflict("too_many_domains", "A shop has at most \(ProfileLimit.domains) domains.")
            }
            try db.run(
                "INSERT INTO tenantDomains VALUES (?1, ?2, ?3)", [.text(domain), .text(tenant.id), SQLValue(now)])
            try Self.noteDomain(db, "tenant.add-domain", domain, tenant.id, request, now)
        }
        directory.setDomain(domain, tenant.id)
        return domain
    }

    package func removeDomain(_ key: String, _ text: String, _ request: MoveRequest) async throws {
        guard let tenant = directory[key] else { throw DomainError.notFound("shop") }
        let (domain, now) = (Self.hostName(text) ?? "", time.now())
        try await system.write { db in
            try db.run(
                "DELETE FROM tenantDomains WHERE domain = ?1 AND tenantId = ?2", [.text(domain), .text(tenant.id)])
            guard db.changesCount == 1 else { throw DomainError.notFound("domain") }
            try Self.noteDomain(db, "tenant.remove-domain", domain, tenant.id, request, now)
        }
        directory.setDomain(domain, nil)
    }

    private static func noteDomain(
        _ db: Database, _ action: String, _ domain: String, _ tenant: String, _ request: MoveRequest, _ now: Instant
    ) throws {
        let report: JSON = ["domain": .string(domain)]
        try AuditTrail.append(
            db, at: now, actor: request.actor, action: action, target: tenant, requestID: request.requestID,
            data: report.text)
    }
}

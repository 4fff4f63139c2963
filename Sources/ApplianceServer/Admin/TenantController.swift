import ApplianceCore
import CollectionKit
import HTTPAPI
import HTTPTypes
import Hummingbird
import Storage
import Tenancy

/// Operators manage shops.
struct TenantController: Sendable {
    let appliance: Appliance

    static let path = "/api/admin/tenants"

    func add(to routes: Routes) {
        routes.operator(
            .get, "\(Self.path)", "List shops",
            .pages(.text("q"), .text("status"), .text("sort"), .choice("count", ["exact"])).gives(
                .list(.tenant, isCounted: true))
        ) { try await list($0) }
        routes.operator(
            .post, "\(Self.path)", "Create a shop",
            .takes(
                .text("slug", required: true, max: 40), .text("name"), .text("plan", max: 20),
                .integer("trialDays", in: 0...3650),
                .texts("modules"), .text("timeZone", max: 64), .text("currency", max: 3),
                .text("ownerEmail", required: true, max: 254), .secret("ownerPassword")
            ).gives(.created, .tenant)
        ) { try await create($0) }
        routes.operator(.get, "\(Self.path)/{id}", "Read a shop", .gives(.tenant)) { context in
            Answer.json(await json(try find(context)))
        }
    }

    func find(_ context: OperatorRequestContext) throws -> Tenant {
        guard let tenant = appliance.directory[context.http.parameters.get("id") ?? ""] else {
            throw DomainError.notFound("shop")
        }
        return tenant
    }

    /// The row, and what the disk says.
    func json(_ tenant: Tenant) async -> JSON {
        let file = appliance.directory.file(tenant.id)
        let isMissing = !FileSystem.exists(file.url)
        let reason = isMissing ? "The data file is missing." : file.quarantineReason?.message
        let bytes = FileSystem.size(file.url)
        let now = appliance.time.now()
        return tenant.json(at: now).adding([
            "storage": [
                "state": .string(reason == nil ? "ok" : "quarantined"), "reason": JSON(reason),
                "bytes": .integer(bytes),
            ],
            "lastSnapshotAt": JSON(await appliance.latestBackups.of(tenant: tenant.id)),
            "rights": tenant.status(at: now).rights.json,
        ])
    }

    // MARK: - Listing

    private func list(_ context: OperatorRequestContext) async throws -> Response {
        let page = try Page(context.request)
        let needle = page["q"]?.lowercased()
        let (status, now) = (page["status"], appliance.time.now())
        let matching = appliance.directory.all.filter { tenant in
            (status == nil || tenant.status(at: now).rawValue == status)
                && (needle == nil
                    || [tenant.slug, tenant.name, tenant.ownerEmail, tenant.id].contains {
                        $0.lowercased().contains(needle ?? "")
                    })
        }
        let sorted = try sort(matching, by: page["sort"] ?? "-createdAt")
        let start = page.cursor.flatMap { cursor in sorted.firstIndex { $0.id == cursor } }.map { $0 + 1 } ?? 0
        let items = sorted.dropFirst(start).prefix(page.limit)
        let hasMore = start + items.count < sorted.count
        var json: [JSON] = []
        for tenant in items { json.append(await self.json(tenant)) }
        var answer: [JSON.Member] = [
            .init("items", .array(json)), .init("nextCursor", JSON(hasMore ? items.last?.id : nil)),
        ]
        if try page.choice("count", "exact") != nil { answer.append(.init("total", JSON(sorted.count))) }
        return Answer.json(.object(answer), for: context.request)
    }

    private func sort(_ tenants: [Tenant], by key: String) throws -> [Tenant] {
        let isDescending = key.hasPrefix("-")
        let name = isDescending ? String(key.dropFirst()) : key
        let value: (Tenant) -> String
        switch name {
        case "createdAt", "id": value = { $0.id }
        case "slug": value = { $0.slug }
        case "name": value = { $0.name.lowercased() }
        case "status":
            let now = appliance.time.now()
            value = { $0.status(at: now).rawValue }
        case "plan": value = { $0.plan }
        case "trialEndsAt": value = { $0.trialEndsAt?.description ?? "" }
        default:
            throw DomainError.invalid(
                "sort", "unknown_field", "One of createdAt, slug, name, status, plan, trialEndsAt.")
        }
        let keyed = tenants.map { (key: value($0), tenant: $0) }
        return keyed.sorted { a, b in
            let isBefore = (a.key, a.tenant.id) < (b.key, b.tenant.id)
            return isDescending ? !isBefore && a.tenant.id != b.tenant.id : isBefore
        }.map(\.tenant)
    }

    // MARK: - Changing

    private func create(_ context: OperatorRequestContext) async throws -> Response {
        let input = try TenantInput(
            await RequestBodies.json(context.request), knownModules: Appliance.optionalModules,
            plans: appliance.directory.plans.names)
        let (actor, requestID) = (context.principal.actor, context.requestID)
        var link: IssuedLink?
        let tenant = try await appliance.tenants.create(input, by: actor, requestID: requestID) { tenant in
            guard input.ownerPassword == nil else { return nil }
            let new = try appliance.signIn.invitation(
                to: tenant, email: tenant.ownerEmail, name: "", role: .owner, by: actor, requestID: requestID)
            link = new.link
            return new
        }
        var answer = await json(tenant)
        if let link { answer = answer.adding(["invitation": link.json]) }
        var response = Answer.json(answer, status: .created)
        response.headers[.location] = "\(Self.path)/\(tenant.id)"
        return response
    }
}

import ApplianceCore
import CollectionKit
package import Hummingbird
import Storage
import Tenancy

/// The people of a shop, for its owners and admins; and the shop's audit log.
package struct UserController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    package func add(to routes: Routes) {
        routes.tenantManager(.get, "/api/users", "List the shop's users", .gives(.list(.user))) { try list($0) }
        routes.tenantManager(
            .post, "/api/users", "Create a user",
            .takes(
                .text("email", required: true, max: 254), .text("name"), .text("role", max: 20),
                .secret("password", required: true)
            ).gives(.created, .user)
        ) { try await create($0) }
        routes.tenantManager(.post, "/api/users/{id}/disable", "Disable a user", .gives(.user)) {
            try await disable($0)
        }
        routes.tenantManager(.post, "/api/users/{id}/enable", "Let a disabled user in again", .gives(.user)) {
            try await enable($0)
        }
        routes.tenantManager(
            .post, "/api/users/{id}/role", "Give a user another role",
            .takes(.text("role", required: true, max: 20)).gives(.user)
        ) { try await setRole($0) }
        routes.tenantManager(
            .post, "/api/users/{id}/reset-password", "Set a user's password",
            .takes(.secret("password", required: true)).gives(.user)
        ) { try await reset($0) }
    }

    private func list(_ context: TenantRequestContext) throws -> Response {
        let users = try context.database.read { db in try UserStore.list(db) }
        return Answer.json(["items": .array(users.map(\.json)), "nextCursor": nil])
    }

    private func create(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let email = body.text("email", required: true, max: 254) ?? ""
        let name = body.text("name", max: 200) ?? ""
        let role = try context.role(&body) ?? .staff
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        try context.requireOwner(toManage: role)
        let user = try await services.signIn.createUser(
            context.tenant, email: email, name: name, role: role, password: password, by: context.principal.actor,
            requestID: context.requestID)
        return Answer.json(user.json, status: .created)
    }

    private func disable(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        let user = try await services.signIn.disableUser(
            context.tenant, context.managedUser().id, by: context.principal.actor, requestID: context.requestID)
        return Answer.json(user.json)
    }

    private func enable(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        let user = try await services.signIn.enableUser(
            context.tenant, context.managedUser().id, by: context.principal.actor, requestID: context.requestID)
        return Answer.json(user.json)
    }

    private func setRole(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        let user = try context.managedUser()
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let role = try context.role(&body, required: true) ?? user.role
        try body.finish()
        try context.requireOwner(toManage: role)
        return Answer.json(
            try await services.signIn.setUserRole(
                context.tenant, user.id, role, by: context.principal.actor, requestID: context.requestID
            ).json)
    }

    private func reset(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        let user = try context.managedUser()
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        return Answer.json(
            try await services.signIn.resetUserPassword(
                context.tenant, user.id, password: password, by: context.principal.actor, requestID: context.requestID
            ).json)
    }
}

extension TenantRequestContext {
    /// The `role` that a body names, of the shop's own or of those that every shop has.
    func role(_ body: inout InputReader, required: Bool = false) throws -> ShopRole? {
        guard let name = body.text("role", required: required, max: 20) else { return nil }
        let role = try database.read { db in try RoleStore.named(db, name) }
        if role == nil { body.faults.append(.init("role", "not_valid", "There is no role \(name).")) }
        return role
    }

    /// Only an owner (or an operator) makes or touches owners.
    func requireOwner(toManage role: ShopRole) throws {
        guard role == .owner, case .user(_, let own) = principal.standing, own != .owner else { return }
        throw DomainError.forbidden("not_permitted", "Only an owner may do this to an owner.")
    }

    /// The user whom the path names, if this person may manage them.
    func managedUser() throws -> User {
        let id = recordID
        guard let user = try database.read({ db in try UserStore.find(db, id) }) else {
            throw DomainError.notFound("user")
        }
        try requireOwner(toManage: user.role)
        return user
    }
}

/// `limit`, `cursor` and other plain parameters of a list that is no collection.
package struct Page {
    package let limit: Int
    package let cursor: String?
    private let parameters: [String: String]

    package init(_ request: Request) throws {
        parameters = Dictionary(
            try QueryString.parameters(of: request).map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        guard let limit = Int(parameters["limit"] ?? "30"), (1...ListQuery.Limit.page).contains(limit) else {
            throw DomainError.invalid("limit", "out_of_range", "Between 1 and \(ListQuery.Limit.page).")
        }
        self.limit = limit
        // Left out, a filter that is too long would show more than was asked for.
        if let long = parameters.first(where: { $0.value.utf8.count > Self.longest }) {
            throw DomainError.invalid(String(long.key.prefix(64)), "too_long", "At most \(Self.longest) bytes.")
        }
        cursor = parameters["cursor"]
    }

    /// Bytes of a parameter.
    private static let longest = 200

    /// Nil when absent or empty.
    package subscript(_ name: String) -> String? { parameters[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// One of `choices`; nil when absent. Empty is none of them.
    package func choice(_ name: String, _ choices: String...) throws -> String? {
        guard let value = parameters[name] else { return nil }
        guard choices.contains(value) else {
            throw DomainError.invalid(name, "not_a_choice", "One of \(choices.joined(separator: ", ")).")
        }
        return value
    }
}

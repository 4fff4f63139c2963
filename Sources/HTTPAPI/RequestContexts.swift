import ApplianceCore
import CollectionKit
package import Hummingbird
package import Storage
package import Tenancy

/// A request of somebody who is signed in.
package final class SignedInRequestContext: Sendable {
    package let request: Request
    package let http: ApplianceRequestContext
    package let principal: Principal
    package let requestID: String
    /// By the page's session, not by a token or key.
    let isByCookie: Bool

    init(request: Request, http: ApplianceRequestContext, principal: Principal, isByCookie: Bool) {
        (self.request, self.http, self.principal, requestID) = (request, http, principal, http.requestID)
        self.isByCookie = isByCookie
    }

    /// The person, where the route is about their own account: the command line and keys have none.
    func requireSession() throws -> Principal {
        guard !principal.sessionID.isEmpty else {
            throw DomainError.forbidden("session_required", "Only somebody who signed in may do this.")
        }
        return principal
    }
}

/// A request of an operator.
package final class OperatorRequestContext: Sendable {
    package let request: Request
    package let http: ApplianceRequestContext
    package let principal: Principal
    package let requestID: String

    init(_ context: SignedInRequestContext) throws {
        guard context.principal.isOperator else {
            throw DomainError.forbidden("operators_only", "Only operators may do this.")
        }
        (request, http, principal, requestID) = (context.request, context.http, context.principal, context.requestID)
    }

    private init(_ other: OperatorRequestContext, _ request: Request) {
        self.request = request
        (http, principal, requestID) = (other.http, other.principal, other.requestID)
    }

    /// Throws unless the operator's role has the right.
    func require(_ right: OperatorRight) throws {
        guard principal.operatorRole?.may(right) == true else {
            throw DomainError.forbidden("not_permitted", "Your role does not allow this.")
        }
    }

    /// The operator as stored; the command line is nobody in particular.
    package var isCommandLine: Bool { http.isControl }

    /// The same with a request whose body was read already.
    func with(_ request: Request) -> OperatorRequestContext { OperatorRequestContext(self, request) }
}

/// A request inside one shop. A handler of a module gets this and nothing else: without a tenant, a person and the
/// shop's file it cannot exist. A class like the others: what a request carries is passed on many times.
package final class TenantRequestContext: Sendable {
    package let request: Request
    package let http: ApplianceRequestContext
    package let principal: Principal
    package let requestID: String
    let isByCookie: Bool
    package let tenant: Tenant
    /// Where the shop stands now, by its dates.
    package let status: Tenant.Status
    /// For an operator who looks and does not touch.
    private let isReadOnly: Bool
    package let database: DatabaseFile

    init(
        _ context: SignedInRequestContext, tenant: Tenant, now: Instant, isReadOnly: Bool = false,
        database: (String) -> DatabaseFile
    ) throws {
        self.isReadOnly = isReadOnly
        status = tenant.status(at: now)
        if case .user(_, let role) = context.principal.standing { try status.requireEntry(role) }
        (request, http, principal, requestID) = (context.request, context.http, context.principal, context.requestID)
        isByCookie = context.isByCookie
        self.tenant = tenant
        self.database = database(tenant.id)
        http.echo?.tell(tenant.id)
    }

    private init(_ other: TenantRequestContext, _ request: Request) {
        self.request = request
        (http, principal, requestID) = (other.http, other.principal, other.requestID)
        isByCookie = other.isByCookie
        (tenant, status, isReadOnly, database) = (other.tenant, other.status, other.isReadOnly, other.database)
    }

    /// The same with a request whose body was read already.
    func with(_ request: Request) -> TenantRequestContext { TenantRequestContext(self, request) }

    /// The `{id}` of the path.
    package var recordID: String { http.directRecordID ?? http.parameters.get("id") ?? "" }

    /// Throws unless the person's role allows it, and the shop may be changed at all.
    func require(_ operation: Permissions.Operation, _ collection: Collection) throws {
        try require(operation, collection.permissions, collection: collection.name)
    }

    /// Throws unless an owner of the shop asks, in person.
    package func requireOwner() throws {
        guard case .user(_, .owner) = principal.standing else {
            throw DomainError.forbidden("owners_only", "Only an owner of the shop may do this.")
        }
    }

    /// `collection`: nil where more than one is meant.
    func require(_ operation: Permissions.Operation, _ permissions: Permissions, collection: String? = nil) throws {
        guard principal.may(operation, permissions, collection: collection) else {
            throw DomainError.forbidden("not_permitted", "Your role does not allow this.")
        }
        if operation != .read { try requireWritable() }
    }

    /// Throws where the shop is read-only, or only looked into.
    package func requireWritable() throws {
        try status.requireWritable()
        guard !isReadOnly else {
            throw DomainError.forbidden(
                "act_as_read_only", "You look into this shop and may not change it.",
                hint: "Act in it anew, with leave to write.")
        }
    }
}

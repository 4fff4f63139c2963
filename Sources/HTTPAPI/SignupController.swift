import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
package import Tenancy

/// A shop starts its own trial: name, owner, and the current terms accepted. The owner then signs in as anybody does.
package struct SignupController: Sendable {
    private enum Limit {
        /// Tries of one address, as on the other open routes about accounts.
        static let attempts = 100
        static let window = Duration.minutes(15)
        /// Shops made from one address: each is a file on the disk.
        static let shops = 5
        static let shopWindow = Duration.hours(1)
    }

    private let services: HTTPServices
    private let tenants: Tenants
    private let modules: [String]
    private let attempts: RateLimiter
    private let shops: RateLimiter

    package init(_ services: HTTPServices, _ tenants: Tenants, modules: [String]) {
        (self.services, self.tenants, self.modules) = (services, tenants, modules)
        attempts = RateLimiter(limit: Limit.attempts, window: Limit.window, time: services.time)
        shops = RateLimiter(limit: Limit.shops, window: Limit.shopWindow, time: services.time)
    }

    package func add(to routes: Routes) {
        routes.open(
            .post, "/api/signup", "Start the trial of a new shop",
            .takes(
                .text("slug", max: 40), .text("name"), .text("timeZone", max: 64), .text("currency", max: 3),
                .text("email", required: true, max: 254), .secret("password", required: true),
                .integer("termsVersion", in: 1...Int64.max, required: true)
            ).gives(.created, .signedUp)
        ) { try await signUp($0, $1) }
    }

    private func signUp(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try Authenticator.checkOrigin(request)
        let address = RateLimiter.key(address: http.remoteAddress)
        if !http.isControl { try attempts.take(address) }
        guard services.settings.isSignupOpen else {
            throw DomainError.forbidden(
                "signup_closed", "New shops are made by the operator here.", hint: "Ask whoever runs this service.")
        }
        var body = try InputReader(body: await RequestBodies.json(request))
        let values = ["slug", "name", "timeZone", "currency"].map { ($0, body.text($0, max: 200)) }
        let email = body.text("email", required: true, max: 254)
        let password = body.secret("password", required: true)
        let terms = body.integer("termsVersion", in: 1...Int64.max)
        if terms == nil { body.faults.append(.init("termsVersion", "required", "Accept the terms.")) }
        try body.finish()
        try services.legal.requireCurrentTerms(terms)
        let members = values + [("ownerEmail", email), ("ownerPassword", password), ("plan", trialPlan)]
        let input = try Self.renamed {
            try TenantInput(
                .object(members.compactMap { name, value in value.map { JSON.Member(name, .string($0)) } }),
                knownModules: modules, plans: services.directory.plans.names)
        }
        if !http.isControl { try shops.take(address) }
        let tenant = try await tenants.create(input, by: .system, requestID: http.requestID)
        if let owner = try services.signIn.userID(input.ownerEmail, of: tenant) {
            try await services.legal.accept(
                owner, of: tenant.id, address: http.remoteAddress, requestID: http.requestID)
        }
        return Answer.json(["tenant": tenant.briefJSON(at: services.time.now())], status: .created)
    }

    /// What a trial shows of the product: a plan that is sold, not the one of operators' own shops.
    private var trialPlan: String? {
        let offered = services.directory.plans.offered.map(\.name)
        return offered.contains("pro") ? "pro" : offered.first
    }

    /// Faults by the names that the form has.
    private static func renamed<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch var error as DomainError {
            let names = ["ownerEmail": "email", "ownerPassword": "password"]
            error.faults = error.faults.map { .init(names[$0.field] ?? $0.field, $0.code, $0.message) }
            throw error
        }
    }
}

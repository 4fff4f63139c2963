import ApplianceCore
import HTTPTypes
import Hummingbird
import Logging
import Tenancy

/// Signing in with an identity provider. A browser is sent there and comes back: what goes wrong on the way leads to
/// the sign-in page and is said there.
struct ProviderController: Sendable {
    private enum Limit {
        /// Of the page that is wanted afterwards.
        static let page = 300
    }

    private let services: HTTPServices
    private let gate: SignInGate

    init(_ services: HTTPServices, _ gate: SignInGate) { (self.services, self.gate) = (services, gate) }

    private var providers: IdentityProviders { services.signIn.providers }
    private var cookie: SessionCookie { SessionCookie(isTLS: services.isTLS, label: "sign-in") }

    func add(to routes: Routes) {
        routes.open(
            .get, "/api/auth/providers", "List the identity providers one can sign in with",
            .gives(.list(.providerChoice)).refuses(403)
        ) { request, _ in
            let inShop = try gate.namedTenant(request) != nil
            let items = try providers.offered(inShop: inShop).map(\.briefJSON)
            return Answer.json(["items": .array(items), "nextCursor": nil])
        }
        routes.open(
            .get, "/api/auth/oauth/{provider}/start", "Go to an identity provider (302)",
            .gives(.found).gives(.seeOther)
        ) {
            request, http in
            do { return try await start(request, http) } catch { return toSignIn(error, http) }
        }
        routes.open(
            .get, "/api/auth/oauth/{provider}/callback", "Come back from an identity provider (303)", .gives(.seeOther)
        ) {
            request, http in
            do { return try await finish(request, http) } catch { return toSignIn(error, http) }
        }
        routes.open(
            .get, "/api/auth/pending", "What a sign-in with an identity provider still needs",
            .gives(.signIn).gives(.accepted, .signInStep).refuses(401, 403)
        ) {
            request, http in
            try gate.admit(request, http)
            return try await gate.answer(
                try services.signIn.pending(challenge: cookie.value(in: request) ?? ""), request)
        }
        routes.signedIn(
            .get, "/api/auth/identities", "List what opens one's own account beside the password",
            .gives(.list(.identity))
        ) {
            let items = try services.signIn.identities(of: $0.requireSession())
            return Answer.json(["items": .array(items), "nextCursor": nil])
        }
        routes.signedIn(
            .delete, "/api/auth/identities/{id}", "Let an identity open one's own account no more", .gives(.noContent)
        ) {
            try await services.signIn.unlinkIdentity(
                $0.http.parameters.get("id") ?? "", of: $0.requireSession())
            return Answer.noContent
        }
    }

    private func parameters(_ request: Request) throws -> [String: String] {
        Dictionary(
            try QueryString.parameters(of: request).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }
        )
    }

    // MARK: - There

    private func start(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.take(http)
        let (name, given) = (http.parameters.get("provider") ?? "", try parameters(request))
        let shop = try gate.namedTenant(request)?.slug ?? given["shop"].flatMap { $0.isEmpty ? nil : $0 }
        let page = given["then"].flatMap { Self.isPage($0) ? $0 : nil }
        guard isAtPublicAddress(request) || given["moved"] != nil else {
            // The provider sends everybody back to one address, and the cookie has to be there.
            var query = [("moved", "1")]
            if let shop { query.append(("shop", shop)) }
            if let page { query.append(("then", page)) }
            return redirect(
                "\(providers.address)/api/auth/oauth/\(FormEncoding.escaped(name))/start?" + FormEncoding.text(query))
        }
        let departure = try await providers.depart(name, shop: shop, page: page)
        var response = redirect(departure.location)
        response.headers[.setCookie] = cookie.set(departure.browserSecret, for: IdentityProviders.lifetime)
        return response
    }

    private func isAtPublicAddress(_ request: Request) -> Bool {
        let address = providers.address.split(separator: "://", maxSplits: 1).last.map { $0.prefix { $0 != "/" } }
        return request.head.authority?.lowercased() == address?.lowercased()
    }

    private func redirect(_ location: String, _ status: HTTPResponse.Status = .found) -> Response {
        Response(status: status, headers: [.location: location])
    }

    /// A route of the page: it stands behind `#`, so it leads to no other site.
    private static func isPage(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= Limit.page
            && text.utf8.allSatisfy {
                $0.isASCIIDigit || (0x61...0x7A).contains($0 | 0x20) || "/-_.~?=&%:,@+".utf8.contains($0)
            }
    }

    // MARK: - And back

    /// Comes from the provider's site, so only `state` and the cookie tell that it was begun here.
    private func finish(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.take(http)
        let given = try parameters(request)
        let arrival = try await providers.arrive(
            http.parameters.get("provider") ?? "",
            .init(state: given["state"] ?? "", code: given["code"], error: given["error"], issuer: given["iss"]),
            browserSecret: cookie.value(in: request))
        let tenant = arrival.shop.flatMap { services.directory[$0] }
        guard arrival.shop == nil || tenant != nil else { throw SignIn.noAccount }
        let entrance = try await services.signIn.enter(
            arrival.identity, through: arrival.provider, tenant: tenant, fallback: services.settings.defaultTenant,
            origin: gate.origin(request, http))
        switch entrance {
        case .granted(let grant):
            try await gate.endPrevious(request)
            var response = redirect("/admin#\(arrival.page ?? "/")", .seeOther)
            response.headers.append(HTTPField(name: .setCookie, value: gate.cookie(of: grant)))
            response.headers.append(HTTPField(name: .setCookie, value: cookie.cleared))
            return response
        case .needsCode(let challenge, let expiresAt), .needsShop(let challenge, let expiresAt, _):
            let query = [("continue", "1")] + (arrival.page.map { [("then", $0)] } ?? [])
            var response = redirect("/admin#/login?\(FormEncoding.text(query))", .seeOther)
            response.headers[.setCookie] = cookie.set(challenge, for: expiresAt.since(services.time.now()))
            return response
        }
    }

    /// The person sees a sentence at the sign-in, the log has the cause.
    private func toSignIn(_ error: any Error, _ http: ApplianceRequestContext) -> Response {
        let problem = Problem.domainError(error)
        services.logger.log(
            level: problem.category == .internal ? .error : .info, "sign-in with a provider failed: \(problem.code)",
            metadata: [
                LogKey.requestID: "\(http.requestID)", LogKey.error: "\(problem.cause ?? problem.message)",
            ])
        var response = redirect("/admin#/login?\(FormEncoding.text([("problem", problem.code)]))", .seeOther)
        response.headers[.setCookie] = cookie.cleared
        return response
    }
}

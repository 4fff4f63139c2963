import ApplianceCore
import HTTPAPI
import Hummingbird
import Tenancy

/// The keys that sign access tokens: which there are, and a new one.
struct SigningKeyController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        let sessions = appliance.signIn.sessions
        routes.operator(
            .get, "/api/admin/signing-keys", "List the keys that sign access tokens", .gives(.list(.signingKey))
        ) { _ in
            Self.answer(try sessions.signingKeys())
        }
        routes.operator(
            .post, "/api/admin/signing-keys/rotate", "Begin a new key for access tokens",
            .mayTake(.flag("immediately")).gives(.list(.signingKey))
        ) { context in
            var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
            let immediately = body.flag("immediately") ?? false
            try body.finish()
            return Self.answer(
                try await sessions.rotateKeys(
                    immediately: immediately, by: context.principal.actor, requestID: context.requestID))
        }
    }

    private static func answer(_ keys: [SigningKey]) -> Response {
        Answer.json(["items": .array(keys.map(\.json)), "nextCursor": nil])
    }
}

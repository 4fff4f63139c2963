import ApplianceCore

/// What an OpenID Connect issuer says in its signed token of who signed in (OpenID Connect Core §3.1.3.7), checked.
struct IDToken: Sendable {
    enum Limit {
        static let bytes = 16 << 10
        /// How far the issuer's clock may be from ours, in seconds.
        static let leeway: Int64 = 60
        static let subject = 255
    }

    /// What the token has to be about.
    struct Expectation: Sendable {
        let issuer: String
        let clientID: String
        let nonce: String
        let now: Instant
    }

    let subject: String
    /// All that it says.
    let claims: JSON

    /// The key that a token names. With no name, the only key there is for its algorithm. Throws for an algorithm that
    /// is not on the list, whatever the key.
    static func key(of token: String, among keys: [JSONWebKey]) throws -> JSONWebKey? {
        let (header, _, _, _) = try parts(token)
        guard let algorithm = header["alg"]?.stringValue.flatMap(JSONWebKey.Algorithm.init(rawValue:)) else {
            throw refused("its algorithm is \(header["alg"]?.text.prefix(20) ?? "not said")")
        }
        // RFC 7515 §4.1.11: what must be understood and is not.
        guard header["crit"] == nil else { throw refused("it has critical extensions") }
        let fitting = keys.filter { $0.algorithm == algorithm }
        guard let id = header["kid"] else { return fitting.count == 1 ? fitting.first : nil }
        return fitting.first { $0.id != nil && $0.id == id.stringValue }
    }

    /// Throws `provider_answer_refused`, with the cause for the log, unless everything about it is right.
    init(_ token: String, key: JSONWebKey, expecting expected: Expectation) throws {
        let (header, claims, signed, signature) = try Self.parts(token)
        guard header["alg"] == .string(key.algorithm.rawValue), key.isSignature(signature, of: signed) else {
            throw Self.refused("its signature is wrong")
        }
        guard claims["iss"] == .string(expected.issuer) else { throw Self.refused("it is of another issuer") }
        try Self.checkAudience(claims, expected.clientID)
        try Self.checkTimes(claims, expected.now.seconds)
        guard let nonce = claims["nonce"]?.stringValue, Self.isSame(nonce, expected.nonce) else {
            throw Self.refused("its nonce is another")
        }
        guard let subject = claims["sub"]?.stringValue, (1...Limit.subject).contains(subject.utf8.count) else {
            throw Self.refused("it names nobody")
        }
        (self.subject, self.claims) = (subject, claims)
    }

    private static func checkAudience(_ claims: JSON, _ clientID: String) throws {
        let own = JSON.string(clientID)
        let audience = claims["aud"]?.arrayValue ?? [claims["aud"] ?? .null]
        guard audience.contains(own) else { throw refused("it is for another client") }
        // For several, the one that asked must be said to be us.
        guard claims["azp"].map({ $0 == own }) ?? (audience.count == 1) else {
            throw refused("another client asked for it")
        }
    }

    private static func checkTimes(_ claims: JSON, _ now: Int64) throws {
        guard let expires = seconds(claims, "exp"), expires > now - Limit.leeway else {
            throw refused("it has expired")
        }
        guard let issued = seconds(claims, "iat"), issued <= now + Limit.leeway else {
            throw refused("it is of the future")
        }
        guard claims["nbf"] == nil || seconds(claims, "nbf").map({ $0 <= now + Limit.leeway }) == true else {
            throw refused("it does not count yet")
        }
    }

    /// A number of seconds since 1970, a fraction cut off; nil for what no clock says.
    private static func seconds(_ claims: JSON, _ name: String) -> Int64? {
        switch claims[name] {
        case .integer(let seconds): seconds
        case .number(let seconds): Int64(exactly: seconds.rounded(.down))
        default: nil
        }
    }

    private static func parts(_ token: String) throws -> (
        header: JSON, claims: JSON, signed: [UInt8], signature: [UInt8]
    ) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard token.utf8.count <= Limit.bytes, parts.count == 3, let header = parts.first, let signature = parts.last,
            let headerJSON = json(header), let claims = json(parts[1]), let bytes = Base64URL.decode(signature),
            !bytes.isEmpty
        else { throw refused("it is no signed token") }
        return (headerJSON, claims, Array("\(header).\(parts[1])".utf8), bytes)
    }

    private static func json(_ text: String) -> JSON? {
        guard let json = Base64URL.decode(text).flatMap({ try? JSONParser.parse($0) }), json.objectValue != nil else {
            return nil
        }
        return json
    }

    /// All bytes are looked at, so that the time it takes tells nothing.
    static func isSame(_ given: String, _ expected: String) -> Bool {
        let (given, expected) = (given.utf8, expected.utf8)
        return given.count == expected.count && zip(given, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    static func refused(_ cause: String) -> DomainError {
        DomainError(
            .unauthenticated, "provider_answer_refused", "What the identity provider says does not hold.",
            cause: "identity token refused: \(cause)")
    }
}

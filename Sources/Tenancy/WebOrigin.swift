import ApplianceCore

/// A web origin (RFC 6454), or a pattern for all hosts below a name: `https://*.example.com`. Compared part by part,
/// never as text: `https://evilexample.com` and `https://example.com.evil` are none of them.
package struct WebOrigin: Sendable, Equatable {
    package enum Limit {
        /// Origins of one list.
        package static let count = 20
    }

    let scheme: String
    let host: String
    let port: Int
    /// Whether any host below `host` is meant, and not `host` itself.
    let isWildcard: Bool

    /// What a browser sends; nil for anything else, such as `null`.
    package init?(_ text: String) { self.init(text, allowsWildcard: false) }

    /// A line of an allow-list. A bare `*` is none: with credentials it would be every page there is.
    package static func pattern(_ text: String) -> WebOrigin? {
        WebOrigin(text.filter { $0 != " " }, allowsWildcard: true)
    }

    private init?(_ text: String, allowsWildcard: Bool) {
        guard text.utf8.count <= 300 else { return nil }
        let parts = text.lowercased().split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let scheme = parts.first, let authority = parts.last,
            scheme == "https" || scheme == "http"
        else { return nil }
        let pieces = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard pieces.count <= 2, var host = pieces.first else { return nil }
        var port = scheme == "https" ? 443 : 80
        if pieces.count == 2 {
            guard let text = pieces.last, text.utf8.count <= 5, let number = Int(text), (1...65_535).contains(number)
            else { return nil }
            port = number
        }
        let isWildcard = host.hasPrefix("*.")
        if isWildcard { host = host.dropFirst(2) }
        guard !isWildcard || allowsWildcard, Self.isHost(host), !isWildcard || host.contains(".") else { return nil }
        (self.scheme, self.host, self.port, self.isWildcard) = (String(scheme), String(host), port, isWildcard)
    }

    private static func isHost(_ host: Substring) -> Bool {
        host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
    }

    /// Whether a page of `origin` is meant.
    package func matches(_ origin: WebOrigin) -> Bool {
        guard scheme == origin.scheme, port == origin.port else { return false }
        return isWildcard ? origin.host.hasSuffix("." + host) : origin.host == host
    }

    /// The lines as they are kept; throws 422 for one that is none.
    package static func checked(_ lines: [String], field: String) throws -> [String] {
        let clean = lines.map { $0.filter { $0 != " " }.lowercased() }.filter { !$0.isEmpty }
        guard clean.count <= Limit.count else {
            throw DomainError.invalid(field, "too_many", "At most \(Limit.count) origins.")
        }
        for line in clean where pattern(line) == nil {
            throw DomainError.invalid(
                field, "not_an_origin",
                "\"\(line.prefix(80))\" is not an origin such as https://app.example.com or https://*.example.com.")
        }
        return clean
    }
}

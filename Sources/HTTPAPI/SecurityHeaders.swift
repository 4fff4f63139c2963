import HTTPTypes
import Hummingbird

/// The headers that every answer carries, for browsers (OWASP ASVS 5 V3.4).
enum SecurityHeaders {
    /// Nothing from another host, nothing inline, no framing.
    static let contentPolicy = [
        "default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "object-src 'none'",
    ].joined(separator: "; ")

    /// Made once: appending a field is a copy, setting one by name is a search and an allocation.
    private static let fields = [
        HTTPField(name: .contentSecurityPolicy, value: contentPolicy),
        HTTPField(name: .xContentTypeOptions, value: "nosniff"),
        HTTPField(name: .frameOptions, value: "DENY"),
        HTTPField(name: .referrerPolicy, value: "no-referrer"),
        HTTPField(name: .permissionsPolicy, value: "camera=(), microphone=(), geolocation=()"),
        HTTPField(name: .openerPolicy, value: "same-origin"),
        HTTPField(name: .resourcePolicy, value: "same-origin"),
    ]
    private static let transport = HTTPField(name: .strictTransportSecurity, value: "max-age=31536000")
    static let noStore = HTTPField(name: .cacheControl, value: "no-store")

    /// What is the same for every answer; `noStore` comes where a handler says nothing of caches.
    static func common(isTLS: Bool) -> [HTTPField] { isTLS ? fields + [transport] : fields }

    /// Handlers set none of these themselves but `Cache-Control`; only those of uploaded files have a policy of their
    /// own, and may loosen others beside it.
    static func add(to response: inout Response, isTLS: Bool) {
        let isCacheSet = response.headers.contains(.cacheControl)
        if response.headers.contains(.contentSecurityPolicy) {
            for field in common(isTLS: isTLS) where !response.headers.contains(field.name) {
                response.headers.append(field)
            }
        } else {
            response.headers.append(contentsOf: common(isTLS: isTLS))
        }
        if !isCacheSet { response.headers.append(noStore) }
    }
}

import HTTPTypes

/// Header names that swift-http-types does not know, made once. The names are constants of ours and valid tokens.
extension HTTPField.Name {
    static let idempotencyKey = known("Idempotency-Key")
    static let idempotentReplayed = known("Idempotent-Replayed")
    static let requestID = known("X-Request-Id")
    static let tenantID = known("X-Tenant-ID")
    static let csrfToken = known("X-CSRF-Token")
    static let secFetchSite = known("Sec-Fetch-Site")
    static let frameOptions = known("X-Frame-Options")
    static let referrerPolicy = known("Referrer-Policy")
    static let permissionsPolicy = known("Permissions-Policy")
    static let openerPolicy = known("Cross-Origin-Opener-Policy")
    static let resourcePolicy = known("Cross-Origin-Resource-Policy")
    static let host = known("Host")
    static let lastEventID = known("Last-Event-ID")
    static let accelBuffering = known("X-Accel-Buffering")
    static let contentDisposition = known("Content-Disposition")
    static let corsMethod = known("Access-Control-Request-Method")
    static let corsAllowOrigin = known("Access-Control-Allow-Origin")
    static let corsAllowCredentials = known("Access-Control-Allow-Credentials")
    static let corsAllowMethods = known("Access-Control-Allow-Methods")
    static let corsAllowHeaders = known("Access-Control-Allow-Headers")
    static let corsExposeHeaders = known("Access-Control-Expose-Headers")
    static let corsMaxAge = known("Access-Control-Max-Age")
    static let linkTarget = known("Link")
    static let rateLimit = known("RateLimit")
    static let rateLimitPolicy = known("RateLimit-Policy")
    static let forwarded = known("Forwarded")
    static let xForwardedFor = known("X-Forwarded-For")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header name") }
        return field
    }
}

extension HTTPFields {
    /// As the subscript, which makes a joined text even of one: for fields that every request has, and has once.
    func value(_ name: HTTPField.Name) -> String? {
        var found: String?
        for field in self where field.name == name {
            guard found == nil else { return self[name] }
            found = field.value
        }
        return found
    }
}

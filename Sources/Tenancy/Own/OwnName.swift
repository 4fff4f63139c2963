import ApplianceCore

/// What a collection or a field of a shop's own may be called.
package enum OwnName {
    package enum Limit {
        package static let length = 40
    }

    /// A small letter, and up to 39 letters and digits: one word in addresses, in SQL and in programs.
    package static func isWord(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, (0x61...0x7A).contains(first), bytes.count <= Limit.length else { return false }
        return bytes.allSatisfy { $0.isASCIIDigit || (0x61...0x7A).contains($0 | 0x20) }
    }

    /// Whether `/api/<name>` may be a collection of somebody's.
    package static func isCollection(_ name: some StringProtocol) -> Bool {
        isWord(name) && !reserved.contains(name.lowercased())
    }

    /// What stands behind `/api/` already, and what versions to come have announced.
    package static let reserved: Set<String> = [
        "activations", "admin", "agents", "alerts", "apikeys", "appliance", "audit", "auth", "availability", "backups",
        "batch", "bookings", "caregivers", "categories", "collections", "customers", "erasures", "events", "exports",
        "files", "flags", "gst", "hallmarks", "health", "import", "invitations", "invoices", "jobs", "legal",
        "licenses",
        "messages", "metrics", "openapi", "operator", "own", "permissions", "plans", "products", "public", "records",
        "restores", "reviews", "roles", "schedule", "services", "sessions", "settings", "shop", "signup",
        "subscription", "support", "system", "tasks", "tenants", "transactions", "usage", "users", "webhooks",
    ]

    /// A field is a column, a member of the record and a parameter of lists: what those have already is taken.
    static func isField(_ name: String) -> Bool { isWord(name) && !taken.contains(name.lowercased()) }

    private static let taken: Set<String> = [
        "id", "createdat", "updatedat", "version", "limit", "cursor", "sort", "fields", "count", "q", "group", "sum",
        "avg", "min", "max", "at", "expand", "rank", "rowid", "oid", "docid", "csrf", "constructor", "prototype",
    ]

    private static let prefixLetters = 3...8

    static func isPrefix(_ text: String) -> Bool {
        text.utf8.count >= 2 && text.utf8.count <= prefixLetters.upperBound
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) }
    }

    /// What ids of `name` begin with when nobody says: as much of the name as nothing else begins with.
    static func prefix(_ name: String, taken: Set<String>) -> String {
        let letters = String(name.lowercased().filter { $0.isASCII && $0.isLetter }) + "xxx"
        let free = prefixLetters.map { String(letters.prefix($0)) }.first { !taken.contains($0) }
        return free ?? String(letters.prefix(prefixLetters.upperBound))
    }
}

package import ApplianceCore
import Foundation

/// What a new shop needs, checked as a whole.
package struct TenantInput: Sendable {
    package enum Limit {
        static let trialDays: ClosedRange<Int64> = 0...3650
        static let name = 200
    }

    package static let shippedPlans = ["amc", "enterprise", "free", "pro", "standard"]
    /// Names that mean something else in addresses.
    package static let reservedSlugs: Set<String> = [
        "www", "api", "admin", "app", "mail", "public", "static", "operator", "webhooks",
    ]

    package let slug: String
    package let name: String
    package let plan: String
    package let trialDays: Int
    package let modules: [String]
    package let timeZone: String
    package let currency: String
    package let ownerEmail: String
    /// Nil when the owner is to be invited.
    package let ownerPassword: String?

    /// Reads the body of `POST /api/admin/tenants`. `knownModules` and `plans` are those that can be chosen.
    package init(_ body: JSON, knownModules: [String], plans: [String] = Self.shippedPlans) throws {
        guard let members = body.objectValue else {
            throw DomainError.malformed("not_an_object", "The body must be a JSON object.")
        }
        var reader = InputReader(members)
        slug =
            reader.text("slug", required: true, max: 40) { TextRules.isSlug($0) && !Self.reservedSlugs.contains($0) }
            ?? ""
        name = reader.text("name", max: Limit.name) ?? slug
        plan = reader.text("plan", max: 20) { plans.contains($0) } ?? PlanDirectory.fallback
        trialDays = Int(reader.integer("trialDays", in: Limit.trialDays) ?? 14)
        modules = reader.texts("modules", allowed: knownModules) ?? knownModules
        timeZone = reader.text("timeZone", max: 64) { LocalTime($0) != nil } ?? "UTC"
        currency = reader.text("currency", max: 3) { Currency($0) != nil } ?? "USD"
        ownerEmail = reader.text("ownerEmail", required: true, max: 254, check: TextRules.isEmail) ?? ""
        ownerPassword = reader.secret("ownerPassword")
        if let ownerPassword, let fault = PasswordRules.fault(ownerPassword, not: [slug, name, ownerEmail]) {
            reader.faults.append(.init("ownerPassword", fault.code, fault.message))
        }
        try reader.finish()
    }
}

/// Reads the members of a small JSON object, collecting all faults; what nobody asked for is a fault too.
package struct InputReader {
    private let members: [JSON.Member]
    private var read: Set<String> = []
    package var faults: [DomainError.FieldFault] = []

    package init(_ members: [JSON.Member]) { self.members = members }

    package init(body: JSON) throws {
        guard let members = body.objectValue else {
            throw DomainError.malformed("not_an_object", "The body must be a JSON object.")
        }
        self.init(members)
    }

    private mutating func value(_ name: String) -> JSON? {
        read.insert(name)
        guard let value = members.first(where: { $0.name == name })?.value, value != .null else { return nil }
        return value
    }

    /// What is no plain value, for the caller to look into; nil for null.
    package mutating func member(_ name: String) -> JSON? { value(name) }

    package mutating func text(
        _ name: String, required: Bool = false, max: Int, check: (String) -> Bool = { _ in true }
    ) -> String? {
        let value = value(name)
        guard let text = value?.stringValue.flatMap({ TextRules.normalized($0) }), !text.isEmpty else {
            if required || value != nil {
                faults.append(
                    .init(
                        name, value == nil ? "required" : "wrong_type",
                        value == nil ? "Must be given." : "Expected a plain text."))
            }
            return nil
        }
        guard text.unicodeScalars.count <= max, check(text) else {
            faults.append(.init(name, "not_valid", "\"\(text.prefix(40))\" is not valid here."))
            return nil
        }
        return text
    }

    /// A text that may be empty, which null is too; nil where nothing is said.
    package mutating func optionalText(_ name: String, max: Int) -> String? {
        guard members.contains(where: { $0.name == name }) else { return nil }
        guard let value = value(name) else { return "" }
        return value.stringValue == "" ? "" : text(name, max: max)
    }

    /// A password, a token or a whole document: taken as it is, up to `limit` bytes.
    package mutating func secret(_ name: String, required: Bool = false, limit: Int = 1024) -> String? {
        let value = value(name)
        if let text = value?.stringValue, text.utf8.count <= limit { return text }
        if required || value != nil { faults.append(.init(name, "required", "Must be given, as a text.")) }
        return nil
    }

    package mutating func integer(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let value = value(name) else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            faults.append(.init(name, "out_of_range", "Between \(range.lowerBound) and \(range.upperBound)."))
            return nil
        }
        return number
    }

    /// An instant, or a day such as `2026-12-31`: then its end where the shop is.
    package mutating func moment(_ name: String, _ zone: LocalTime, required: Bool = false) -> Instant? {
        guard let value = value(name) else {
            if required { faults.append(.init(name, "required", "Must be given.")) }
            return nil
        }
        if let text = value.stringValue, text.utf8.count <= 40 {
            if let instant = Instant(text) { return instant }
            if let day = CivilDate(text) { return zone.instant(day.adding(days: 1)) }
        }
        faults.append(.init(name, "not_a_time", "Expected a day such as 2026-12-31, or an instant in UTC."))
        return nil
    }

    package mutating func flag(_ name: String) -> Bool? {
        guard let value = value(name) else { return nil }
        if value.boolValue == nil { faults.append(.init(name, "wrong_type", "Expected true or false.")) }
        return value.boolValue
    }

    package mutating func texts(_ name: String, allowed: [String]?) -> [String]? {
        guard let value = value(name) else { return nil }
        let texts = value.arrayValue?.compactMap(\.stringValue)
        guard let texts, texts.count == value.arrayValue?.count, texts.count <= 1000 else {
            faults.append(.init(name, "wrong_type", "Expected a list of texts."))
            return nil
        }
        if let allowed, let unknown = texts.first(where: { !allowed.contains($0) }) {
            faults.append(
                .init(name, "not_a_choice", "\"\(unknown.prefix(40))\" is none of \(allowed.joined(separator: ", "))."))
            return nil
        }
        return texts
    }

    /// Throws all faults, and one for each member that was not asked for.
    package mutating func finish() throws {
        for member in members where !read.contains(member.name) {
            faults.append(.init(String(member.name.prefix(64)), "unknown_field", "There is no such field."))
        }
        if !faults.isEmpty { throw DomainError.invalid(faults) }
    }
}

import ApplianceCore
import Testing

@testable import Tenancy

struct TenantInputTests {
    private static let modules = ["licensing", "shop"]

    private func faults(_ body: JSON) -> [String] {
        do {
            _ = try TenantInput(body, knownModules: Self.modules)
            return []
        } catch {
            return (error as? DomainError)?.faults.map { "\($0.field) \($0.code)" }.sorted() ?? ["\(error)"]
        }
    }

    @Test func `a slug and an owner are enough`() throws {
        let input = try TenantInput(["slug": "acme", "ownerEmail": "o@acme.example"], knownModules: Self.modules)
        #expect(input.name == "acme" && input.plan == "standard" && input.trialDays == 14)
        #expect(input.modules == Self.modules && input.timeZone == "UTC" && input.currency == "USD")
        #expect(input.ownerPassword == nil)
    }

    @Test func `all faults are told at once`() {
        let body: JSON = [
            "slug": "Not A Slug", "plan": "gold", "trialDays": -1, "modules": ["shop", "chess"],
            "timeZone": "Mars/Base",
            "currency": "XYZ", "ownerEmail": "nobody", "ownerPassword": "short", "colour": "red", "name": 7,
        ]
        #expect(
            faults(body) == [
                "colour unknown_field", "currency not_valid", "modules not_a_choice", "name wrong_type",
                "ownerEmail not_valid", "ownerPassword too_short", "plan not_valid", "slug not_valid",
                "timeZone not_valid", "trialDays out_of_range",
            ])
    }

    @Test func `nothing at all is two faults`() {
        #expect(faults([:]) == ["ownerEmail required", "slug required"])
        #expect(faults(["slug": nil, "ownerEmail": nil]) == ["ownerEmail required", "slug required"])
    }

    @Test func `a body that is no object is malformed`() throws {
        for body: JSON in [[], "acme", 7, nil] {
            let error = #expect(throws: DomainError.self) { try TenantInput(body, knownModules: []) }
            #expect(error?.category == .malformed)
        }
    }

    @Test(arguments: ["www", "api", "admin", "public", "-acme", "acme-", "a_b", "ACME", "../acme", "acme.example", "а"])
    func `a slug that means something else is refused`(slug: String) {
        #expect(faults(["slug": .string(slug), "ownerEmail": "o@acme.example"]) == ["slug not_valid"])
    }

    @Test func `a password like the shop's name is refused`() {
        let body: JSON = [
            "slug": "acme", "name": "Acme Jewellers Ltd", "ownerEmail": "o@acme.example",
            "ownerPassword": "acme jewellers ltd",
        ]
        #expect(faults(body) == ["ownerPassword too_common"])
    }

    @Test func `modules are a list of known names, perhaps none`() throws {
        let input = try TenantInput(
            ["slug": "acme", "ownerEmail": "o@acme.example", "modules": []], knownModules: Self.modules)
        #expect(input.modules == [])
        #expect(faults(["slug": "acme", "ownerEmail": "o@acme.example", "modules": "shop"]) == ["modules wrong_type"])
    }
}

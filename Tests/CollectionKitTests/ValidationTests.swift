import ApplianceCore
import CollectionKit
import Testing

struct ValidationTests {
    private let shop: TestShop

    init() throws { shop = try TestShop() }

    /// What is given, and what is kept.
    @Test(
        arguments: [
            ("name", "  Asha Rao ", "Asha Rao"), ("name", "Cafe\u{301}", "Caf\u{E9}"), ("name", "नमस्ते", "नमस्ते"),
            ("story", "one\n\ttwo", "one\n\ttwo"), ("story", "   ", nil), ("story", "", nil), ("story", nil, nil),
            ("email", "asha@acme.example", "asha@acme.example"), ("phone", "+91 98200 12345", "+91 98200 12345"),
            ("phone", "(022) 2345-6789", "(022) 2345-6789"), ("code", "ab12", "AB12"), ("units", -1000, -1000),
            ("units", 0, 0),
            ("price", 0, 0), ("price", 999_999_999_999_999, 999_999_999_999_999), ("balance", -5, -5),
            ("currency", "JPY", "JPY"),
            ("isOpen", true, true), ("isOpen", false, false), ("isOpen", nil, nil), ("day", "2024-02-29", "2024-02-29"),
            ("moment", "2026-11-21T07:30:00+05:30", "2026-11-21T02:00:00.000Z"), ("size", "large", "large"),
        ] as [(String, JSON, JSON)])
    func `a value is kept in its one form`(field: String, given: JSON, kept: JSON) async throws {
        let body = JSON.object([.init("name", "x")].filter { $0.name != field } + [.init(field, given)])
        let record = try await shop.create(things, body)
        #expect(record[field] == kept)
        #expect(try shop.get(things, record.id) == record)
    }

    @Test(
        arguments: [
            ("name", nil, "required"), ("name", "", "required"), ("name", " \u{3000} ", "required"),
            ("name", 5, "wrong_type"),
            ("name", ["x"], "wrong_type"), ("name", "a\u{0}b", "control_characters"),
            ("name", "a\nb", "control_characters"),
            ("name", "a\u{202E}b", "control_characters"), ("name", "123456789012345678901", "too_long"),
            ("story", "\u{1B}[31m", "control_characters"), ("email", "not an address", "not_an_email"),
            ("phone", "12", "not_a_phone"), ("phone", "call me", "not_a_phone"),
            ("phone", "12345678901234567", "not_a_phone"),
            ("phone", "+1+2345678", "not_a_phone"), ("phone", "٠١٢٣٤٥", "not_a_phone"),
            ("code", "a b", "not_a_code"), ("code", "é", "not_a_code"), ("code", "ABCDEF", "too_long"),
            ("units", 1001, "out_of_range"), ("units", -1001, "out_of_range"), ("units", .number(1.5), "wrong_type"),
            ("units", "5", "wrong_type"), ("units", .number(1e300), "wrong_type"), ("rank", 0, "out_of_range"),
            ("price", -1, "out_of_range"), ("price", 1_000_000_000_000_000, "out_of_range"),
            ("price", .number(11.77), "wrong_type"),
            ("price", "11.77", "wrong_type"), ("balance", -1_000_000_000_000_000, "out_of_range"),
            ("currency", "rupees", "not_a_currency"), ("currency", "inr", "not_a_currency"),
            ("isOpen", "true", "wrong_type"),
            ("isOpen", 1, "wrong_type"), ("day", "2026-02-30", "not_a_date"), ("day", "21.11.2026", "not_a_date"),
            ("moment", "2026-11-21", "not_a_time"), ("moment", "2026-11-21T24:00:00Z", "not_a_time"),
            ("moment", 0, "wrong_type"),
            ("size", "medium", "not_a_choice"), ("size", "Large", "not_a_choice"),
            ("parentId", "thg_none", "not_found"),
            ("parentId", 7, "wrong_type"), ("parentId", "a\u{0}", "not_an_id"),
            ("colour", "red", "unknown_field"), ("id", "thg_mine", "read_only"),
            ("createdAt", "2026-11-21T02:00:00Z", "read_only"),
            ("updatedAt", nil, "read_only"), ("version", 7, "read_only"),
        ] as [(String, JSON, String)])
    func `a fault names its field`(field: String, given: JSON, code: String) async throws {
        let body = JSON.object([.init("name", "x")].filter { $0.name != field } + [.init(field, given)])
        let error = await refusal { try await shop.create(things, body) }
        #expect(error?.category == .invalid)
        #expect(error?.code == "validation_failed")
        #expect(error?.faultList == ["\(field) \(code)"])
        let left = try (shop.count("things"), shop.count("audit"))
        #expect(left == (0, 0))
    }

    @Test func `all faults are told at once`() async throws {
        let error = await refusal {
            try await shop.create(
                things,
                [
                    "email": "x", "units": 5000, "colour": "red", "version": 1, "parentId": "thg_none",
                    "day": "today",
                ])
        }
        #expect(
            error?.faultList.sorted() == [
                "colour unknown_field", "day not_a_date", "email not_an_email", "name required",
                "parentId not_found", "units out_of_range", "version read_only",
            ])
        #expect(error?.message == "7 fields are not valid.")
    }

    @Test(arguments: [[], "x", 5, nil, true] as [JSON])
    func `a body that is no object is malformed`(body: JSON) async throws {
        let error = await refusal { try await shop.create(things, body) }
        #expect(error?.category == .malformed)
    }

    @Test func `a length counts characters, not bytes`() async throws {
        let name = String(repeating: "न", count: 20)
        let made = try await shop.create(things, ["name": .string(name)])
        #expect(made["name"] == .string(name))
        let error = await refusal { try await shop.create(things, ["name": .string(name + "न")]) }
        #expect(error?.faultList == ["name too_long"])
    }
}

import ApplianceCore
import Testing

@testable import ApplianceServer

/// Numbers of bodies: what is whole may be written in any way that JSON has for it.
struct NumberTests {
    private static let json = [("Content-Type", "application/json")]

    private func body(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `a whole number may be written with a fraction or an exponent`() async throws {
        try await withShops(plan: "enterprise") { server, person, acme, _ in
            let owner = acme.owner
            let made = try await server.expect(
                201, "POST", "/api/products", by: owner,
                body: body(#"{"sku":"R-1","name":"Ring","price":1490.0,"stock":1e2}"#), headers: Self.json
            ).json
            #expect(made["price"] == 1490 && made["stock"] == 100)
            let path = "/api/products/\(try #require(made["id"]?.stringValue))"
            let changed = try await server.expect(
                200, "PATCH", path, by: owner, body: body(#"{"stock":7.0}"#), headers: Self.json)
            #expect(changed.text.contains(#""stock":7,"#))
            let lines = try await server.expect(
                200, "POST", "/api/products/import", by: owner,
                body: body(#"{"sku":"R-2","name":"Ring","price":5.00e2}"# + "\n"),
                headers: [("Content-Type", "application/x-ndjson")])
            #expect(lines.json["created"] == 1)
            let batch = #"{"operations":[{"method":"PATCH","path":"\#(path)","body":{"price":9.0}}]}"#
            let results = try await server.expect(
                200, "POST", "/api/batch", by: owner, body: body(batch), headers: Self.json)
            #expect(results.json["results"]?.arrayValue?.first?["body"]?["price"] == 9)
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/extend-trial", by: person, body: body(#"{"days":3.0}"#),
                headers: Self.json)
        }
    }

    @Test(arguments: ["1490.5", "1490.00000000000000000001", "4503599627370497.5", "9007199254740992.0", "1e99"])
    func `a number that is not whole, or too large to be kept exactly, is refused`(text: String) async throws {
        try await withShops { server, _, acme, _ in
            let refused = try await server.expect(
                422, "POST", "/api/products", by: acme.owner,
                body: body(#"{"sku":"R-1","name":"Ring","price":\#(text)}"#), headers: Self.json)
            #expect(refused.json["errors"]?.arrayValue?.first?["field"] == "price")
        }
    }
}

import ApplianceCore
import HTTPAPI
import Testing

@testable import ApplianceServer

/// Every route that takes JSON × bodies that nobody should send: each is refused with a code, nothing is changed, and
/// the server lives. That what is right is taken, `IsolationMatrixTests` shows with the same samples.
@Suite(.timeLimit(.minutes(5)))
struct HostileBodyTests {
    private struct Body {
        let name: String
        var bytes: [UInt8]
        var type: String? = RouteShape.json
        let statuses: Set<Int>
        /// Of a body that may be left out, nothing at all is right.
        var isNothing = false

        init(_ name: String, _ text: String, _ statuses: Set<Int> = [400]) {
            (self.name, bytes, self.statuses) = (name, Array(text.utf8), statuses)
        }
    }

    private static let bodies: [Body] = {
        let deep = { (part: String, count: Int) in String(repeating: part, count: count) }
        var bodies = [
            Body("a name twice", #"{"name":"a","name":"a"}"#), Body("lists in lists", deep("[", 100_000)),
            Body("objects in objects", deep(#"{"a":"#, 40) + "1" + deep("}", 40)), Body("half an object", "{"),
            Body("a comma too many", #"{"name":"a",}"#), Body("two objects", "{}{}"), Body("NaN", #"{"name":NaN}"#),
            Body("a control character", "{\"name\":\"a\u{1}b\"}"), Body("half a surrogate", #"{"name":"\ud800"}"#),
            Body("a number with a leading zero", #"{"name":01}"#), Body("no object", "[]", [400, 422]),
            Body("a text", "\"text\"", [400, 422]), Body("null", "null", [400, 422]),
            Body("more than is taken", deep(" ", 1 << 20) + "{}", [413]),
        ]
        var text = Body("bad UTF-8", "{\"name\":\"a", [400])
        text.bytes += [0xC0, 0xAF, 0xFF] + Array("\"}".utf8)
        var mark = Body("a byte order mark", "{}")
        mark.bytes = [0xEF, 0xBB, 0xBF] + mark.bytes
        var nothing = Body("nothing", "")
        nothing.isNothing = true
        var untyped = Body("nothing, of no type", "", [400, 415, 422])
        (untyped.type, untyped.isNothing) = (nil, true)
        bodies += [text, mark, nothing, untyped]
        for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"] {
            var body = Body("called \(type)", "{}", [415])
            body.type = type
            bodies.append(body)
        }
        return bodies
    }()

    @Test func `a body that is not what it should be is refused wherever one is taken`() async throws {
        try await withTakers { server, sample, person in
            for body in Self.bodies where sample.description?.isBodyRequired == true || !body.isNothing {
                let answer = try await server.send(
                    sample.entry.method, sample.path, by: person, body: body.bytes,
                    headers: body.type.map { [("Content-Type", $0)] } ?? [])
                #expect(
                    body.statuses.contains(answer.status) && answer.code != nil,
                    "\(sample.name): \(body.name): \(answer.status) \(answer.text.prefix(200))")
            }
        }
    }

    @Test func `a member that is not what it should be is refused wherever one is taken`() async throws {
        try await withTakers { server, sample, person in
            for property in sample.description?.body?["properties"]?.objectValue ?? []
            where property.value["readOnly"] != true {
                for text in Self.wrong(for: property.value) {
                    let others = (sample.json?.objectValue ?? []).filter { $0.name != property.name }
                    let members = others.map { "\(JSON.string($0.name).text):\($0.value.text)" }
                    let body = "{\((members + ["\"\(property.name)\":\(text)"]).joined(separator: ","))}"
                    let answer = try await server.send(
                        sample.entry.method, sample.path, by: person, body: Array(body.utf8),
                        headers: [("Content-Type", RouteShape.json)])
                    #expect(
                        [400, 422].contains(answer.status) && answer.code != nil,
                        "\(sample.name): \(body.prefix(200)): \(answer.status) \(answer.text.prefix(200))")
                }
            }
        }
    }

    /// As JSON texts, because not all of them are JSON.
    private static func wrong(for schema: JSON) -> [String] {
        if schema["enum"] != nil { return [#""nobody""#, "7", "[]", "{}", "true"] }
        let types = schema["type"]?.arrayValue?.compactMap(\.stringValue) ?? [schema["type"]?.stringValue ?? ""]
        switch types.first {
        case "string":
            var texts = ["7", "true", "[]", "{}", "1e400", #""\u0000""#, #""a\u0007b""#]
            // Taken as it is, whatever it is.
            if schema["format"] == "password" { texts.removeLast(2) }
            if let max = schema["maxLength"]?.integerValue, max < 100_000 {
                texts.append(JSON.string(String(repeating: "a", count: Int(max) + 1)).text)
            }
            if ["date", "date-time", "day-or-time"].contains(schema["format"]?.stringValue) {
                texts += [
                    #""2026-02-30""#, #""2026-02-30T00:00:00Z""#, #""2026-13-01""#, #""2026-11-21T25:00:00Z""#,
                    #""0000-00-00""#, #""99999-01-01""#, #""yesterday""#,
                ]
            }
            if schema["format"] == "email" { texts += [#""nobody""#, #""a@b@c.example""#] }
            return texts
        case "integer":
            return [
                "1.5", "1e400", "9223372036854775808", String(repeating: "9", count: 1000), #""7""#, "true", "[]", "{}",
            ]
        case "boolean": return [#""true""#, "1", "[]", "{}"]
        case "array": return [#""a""#, "7", "{}", "true", "[[[]]]", #"[{"\u0000":1}]"#]
        case "object": return [#""a""#, "7", "true", #"{"\u0000":7}"#]
        default: return []
        }
    }

    /// Bodies are read as they are described: what must be there, and what may.
    @Test func `a description of a body names what is read, and says what must be there`() async throws {
        try await withTakers { server, sample, person in
            guard let schema = sample.description?.body, schema["additionalProperties"] == false else { return }
            func faults(_ body: JSON, _ code: JSON) async throws -> Set<String> {
                let answer = try await server.send(sample.entry.method, sample.path, by: person, json: body)
                #expect(answer.status == 422, "\(sample.name): \(answer.status) \(answer.text.prefix(200))")
                let found = (answer.json["errors"]?.arrayValue ?? []).filter { $0["code"] == code }
                return Set(found.compactMap { $0["field"]?.stringValue })
            }
            let required = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
            if !required.isEmpty {
                let missing = try await faults([:], "required")
                // One may depend on another: who sets up one kind of identity provider names its address too.
                #expect(missing.isSuperset(of: required), sample.name)
            }
            let names = (schema["properties"]?.objectValue ?? []).map(\.name) + ["nobodyReadsThis"]
            let unknown = try await faults(.object(names.map { .init($0, [[[[:]]]]) }), "unknown_field")
            #expect(unknown == ["nobodyReadsThis"], sample.name)
        }
    }

    @Test func `a file to import that is none is refused`() async throws {
        try await withShops(plan: "enterprise") { server, _, acme, _ in
            let bodies: [(type: String?, bytes: [UInt8], statuses: Set<Int>)] = [
                ("application/json", Array("{}".utf8), [415]), (nil, Array("name\na".utf8), [415]),
                ("text/csv", [], [400]), ("text/csv", [0xFF, 0xFE, 0x0A], [400, 422]),
                ("text/csv", Array("name\na\u{0}b\n".utf8), [400, 422]),
                ("text/csv", Array("name\n\"half".utf8), [400, 422]),
                ("text/csv", Array(String(repeating: "name,", count: 10_000).utf8), [400, 422]),
                ("application/x-ndjson", Array("{\"name\":\"a\",\"name\":\"a\"}".utf8), [400, 422]),
                ("application/x-ndjson", Array(String(repeating: "[", count: 100_000).utf8), [400, 422]),
            ]
            for (type, bytes, statuses) in bodies {
                let answer = try await server.send(
                    "POST", "/api/customers/import", by: acme.owner, body: bytes,
                    headers: type.map { [("Content-Type", $0)] } ?? [])
                let start = String(decoding: bytes.prefix(20), as: UTF8.self)
                #expect(
                    statuses.contains(answer.status) && answer.code != nil,
                    "\(type ?? "") \(start): \(answer.status) \(answer.text.prefix(200))")
            }
            try await server.expect(200, "GET", "/api/health/live")
        }
    }

    /// Each route that takes JSON, with somebody who may use it. Nothing of the shop may be changed by `body`.
    private func withTakers(
        _ body: (TestServer, RouteSample, Person?) async throws -> Void
    ) async throws {
        try await withShops(plan: "enterprise") { server, person, acme, _ in
            let maker = RouteSamples(server: server, person: person, shop: acme, canary: "canary")
            let samples = try await maker.all { $0.shape.body?.type == RouteShape.json || $0.collection != nil }
            // What the command line alone may do is refused before its body is looked at.
            let takers = samples.filter { $0.description?.body != nil && $0.status != 403 }
            #expect(takers.count > 70)
            for sample in takers {
                // Of attempts to sign in there are only so many for a while.
                if [.open, .signedIn].contains(sample.entry.access) { server.clock.advance(.minutes(16)) }
                try await body(server, sample, server.rightful(sample.entry, operator: person, acme))
                try await server.expect(200, "GET", "/api/health/live")
            }
        }
    }
}

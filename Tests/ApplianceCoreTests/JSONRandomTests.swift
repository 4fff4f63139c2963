import ApplianceCore
import Testing

/// What nobody thought of writing down: random values and random damage.
struct JSONRandomTests {
    @Test func `any value survives its text`() throws {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let value = Self.value(depth: 0, &random)
            #expect(try JSONParser.parse(value.bytes) == value, "seed \(random.seed)")
            #expect(try JSONParser.parse(Array(value.prettyText.utf8)) == value, "seed \(random.seed)")
        }
    }

    @Test func `no damage makes the parser trap, and what it accepts it can write`() throws {
        var random = SeededGenerator()
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Self.value(depth: 1, &random).bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) { Self.damage(&bytes, &random) }
            guard let value = try? JSONParser.parse(bytes) else { continue }
            accepted += 1
            #expect(try JSONParser.parse(value.bytes) == Self.settled(value), "seed \(random.seed)")
        }
        #expect(accepted > 100, "seed \(random.seed)")
    }

    @Test func `text is written compactly and for people`() {
        let value: JSON = ["a": [1, true, nil], "b": ["c": "x\"\\\u{1}\n"], "e": [], "o": [:]]
        #expect(value.text == #"{"a":[1,true,null],"b":{"c":"x\"\\\u0001\n"},"e":[],"o":{}}"#)
        #expect(
            (["a": [1, [:]], "b": "x"] as JSON).prettyText == """
                {
                  "a": [
                    1,
                    {}
                  ],
                  "b": "x"
                }
                """)
        #expect(JSON.number(.infinity).text == "null")
        #expect(JSON.number(.nan).text == "null")
    }

    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let marks = Array("{}[]\",:\\ue+-.0ntf\u{0}\u{1F}".utf8) + [0x80, 0xC3, 0xED, 0xEF, 0xF4, 0xFF]
        let byte = marks.randomElement(using: &random) ?? 0
        guard let index = bytes.indices.randomElement(using: &random) else { return bytes.append(byte) }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] = byte
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(byte, at: index)
        case 4: bytes.removeSubrange(index...)
        default: bytes.insert(contentsOf: bytes[..<index], at: index)
        }
    }

    private static func value(depth: Int, _ random: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3: return .number(number(&random))
        case 4: return .string(string(&random))
        case 5: return .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in value(depth: depth + 1, &random) })
        default:
            return .object(
                (0..<Int.random(in: 0..<5, using: &random)).map {
                    JSON.Member("\($0)" + string(&random), value(depth: depth + 1, &random))
                })
        }
    }

    /// With the whole numbers that doubles made of others, such as 1e-400, as the integers that their texts are.
    private static func settled(_ value: JSON) -> JSON {
        switch value {
        case .number(let number) where number.magnitude < 0x1p53: Int64(exactly: number).map { .integer($0) } ?? value
        case .array(let items): .array(items.map(settled))
        case .object(let members): .object(members.map { .init($0.name, settled($0.value)) })
        default: value
        }
    }

    /// Never a whole number that comes back as an integer: the text of 1.0 is "1.0".
    private static func number(_ random: inout SeededGenerator) -> Double {
        let number = Double(bitPattern: random.next())
        return number.isFinite && (number != number.rounded() || number.magnitude >= 0x1p53) ? number : 0.5
    }

    private static func string(_ random: inout SeededGenerator) -> String {
        let scalars = (0..<Int.random(in: 0..<12, using: &random)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: 0..<(Bool.random(using: &random) ? 0x80 : 0x11_0000), using: &random))
        }
        return String(String.UnicodeScalarView(scalars))
    }
}

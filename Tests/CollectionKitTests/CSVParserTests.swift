import ApplianceCore
import CollectionKit
import Testing

struct CSVParserTests {
    private struct Line: Equatable {
        let number: Int
        let cells: [String?]
    }

    private func rows(_ text: String, chunk: Int = 1 << 16) throws -> [[String?]] {
        try lines(Array(text.utf8), chunk: chunk).map(\.cells)
    }

    private func lines(_ bytes: [UInt8], chunk: Int = 1 << 16) throws -> [Line] {
        var (parser, lines) = (CSVParser(), [Line]())
        func take(_ row: borrowing CSVParser.Row) {
            var cells: [String?] = []
            for index in 0..<row.count { cells.append(row.text(index)) }
            lines.append(Line(number: row.line, cells: cells))
        }
        try bytes.withUnsafeBytes { whole in
            for start in stride(from: 0, to: whole.count, by: chunk) {
                let part = whole[start..<min(start + chunk, whole.count)]
                try parser.parse(UnsafeRawBufferPointer(rebasing: part)) { take($0) }
            }
        }
        try parser.finish { take($0) }
        return lines
    }

    @Test(
        arguments: [
            ("", []), ("\n\n", []), ("a", [["a"]]), ("a,b\n", [["a", "b"]]),
            ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
            ("a,b\rc,d", [["a", "b"], ["c", "d"]]), ("a,\n", [["a", ""]]), (",\n", [["", ""]]),
            ("a,b,", [["a", "b", ""]]),
            ("a\n\nb\n", [["a"], ["b"]]), (" a , b ", [[" a ", " b "]]),
            (#""a,b","c""d",""# + "\n\"", [["a,b", "c\"d", "\n"]]), (#""",x"#, [["", "x"]]), (#"x,"""#, [["x", ""]]),
            ("\"a\r\nb\",c\r\n", [["a\r\nb", "c"]]), ("\u{FEFF}a,b\n", [["a", "b"]]), ("\u{FEFF}\"a\"\n", [["a"]]),
            ("\u{FEFF}", []), ("नाम,मूल्य\nअ,1", [["नाम", "मूल्य"], ["अ", "1"]]),
            // What looks like part of a byte order mark and is text.
            ("ﬁx,b", [["ﬁx", "b"]]), ("»a", [["»a"]]), ("a¿b", [["a¿b"]]), ("\u{FEFE}x", [["\u{FEFE}x"]]),
            ("ﾻ", [["ﾻ"]]),
        ] as [(String, [[String]])])
    func `cells are read, whatever the pieces they arrive in`(text: String, expected: [[String]]) throws {
        for chunk in [1, 2, 3, 1 << 16] { #expect(try rows(text, chunk: chunk) == expected, "chunks of \(chunk)") }
    }

    @Test func `a row knows its line, also behind line feeds inside quotes`() throws {
        let text = "h1,h2\r\n\"one\ntwo\nthree\",x\r\n\r\nlast,y\n"
        let expected = [
            Line(number: 1, cells: ["h1", "h2"]), Line(number: 2, cells: ["one\ntwo\nthree", "x"]),
            Line(number: 6, cells: ["last", "y"]),
        ]
        for chunk in [1, 5, 1000] { #expect(try lines(Array(text.utf8), chunk: chunk) == expected) }
    }

    @Test(arguments: [
        ("a\n\"b\n\nc", 2, "A quoted cell never ends."), ("a,b\n\"c\"d,e", 2, "Text behind a closing quote."),
        ("a\nb\"c", 2, "A quote inside an unquoted cell."), ("\"a\" ,b", 1, "Text behind a closing quote."),
    ])
    func `a malformed file says where`(text: String, line: Int, message: String) {
        let fault = #expect(throws: CSVParser.Fault.self) { try rows(text) }
        #expect(fault?.line == line)
        #expect(fault?.message == message)
    }

    @Test func `rows and columns end at their limits`() throws {
        let columns = CSVParser.Limit.columns
        #expect(try rows(String(repeating: ",", count: columns - 1)).first?.count == columns)
        #expect(throws: CSVParser.Fault.self) { try rows(String(repeating: ",", count: columns)) }
        let row = String(repeating: "x", count: CSVParser.Limit.row)
        #expect(try rows(row).first?.first??.utf8.count == row.utf8.count)
        #expect(throws: CSVParser.Fault.self) { try rows(row + "x") }
        #expect(throws: CSVParser.Fault.self) { try rows("\"" + row + "x") }
    }

    @Test func `a cell that is not UTF-8 has no text`() throws {
        #expect(try lines(Array("a,".utf8) + [0xFF, 0x0A]).map(\.cells) == [["a", nil]])
    }

    @Test func `any table survives writing and reading`() throws {
        var random = SeededGenerator()
        let pieces = ["a", "\"", ",", "\n", "\r", "\r\n", " ", "é", "'", "=", "😀", ""]
        for _ in 0..<500 {
            let width = Int.random(in: 2...5, using: &random)
            let table = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                (0..<width).map { _ in
                    (0..<Int.random(in: 0...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                        .joined()
                }
            }
            var bytes: [UInt8] = []
            for cells in table { CSVWriter.append(cells, to: &bytes) }
            let chunk = Int.random(in: 1...9, using: &random)
            #expect(try lines(bytes, chunk: chunk).map(\.cells) == table, "seed \(random.seed)")
        }
    }
}

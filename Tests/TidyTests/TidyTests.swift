import Foundation
import Testing

/// Style as tests: what we care about is checked here, not remembered.
@Suite struct TidyTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private struct File {
        let path: String
        let lines: [String]
    }

    /// The files below `folders` whose names end in one of `endings`, build products and byte code left out.
    private static func files(_ folders: [String], endings: [String]) throws -> [File] {
        var found: [File] = []
        for folder in folders {
            let url = root.appending(path: folder)
            for name in try FileManager.default.subpathsOfDirectory(atPath: url.path).sorted() {
                guard endings.contains(where: { name.hasSuffix($0) }) else { continue }
                let text = try String(contentsOf: url.appending(path: name), encoding: .utf8)
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                found.append(File(path: "\(folder)/\(name)", lines: lines))
            }
        }
        return found
    }

    // MARK: - Layers

    /// What each target may import of ours: `DESIGN.md` §1, downwards only, siblings never.
    private static let mayImport: [String: Set<String>] = {
        let base: Set = ["ApplianceCore", "CAppliance"]
        let storage = base.union(["Storage"])
        let collections = storage.union(["CollectionKit"])
        let tenancy = collections.union(["Tenancy"])
        let kit: Set = ["ApplianceCore", "CollectionKit"]
        let modules = Set(moduleNames)
        let server = tenancy.union(["HTTPAPI", "Jobs", "Backups", "Telemetry", "ModuleKit"]).union(modules)
        var rules: [String: Set<String>] = [
            "ApplianceCore": [], "Storage": base, "CollectionKit": storage, "Tenancy": collections.union(base),
            "HTTPAPI": tenancy, "Jobs": tenancy, "Backups": storage, "Telemetry": tenancy, "ModuleKit": kit,
            "ApplianceServer": server, "ApplianceCLI": ["ApplianceCore", "ApplianceServer", "Backups", "Storage"],
            "EmbedWeb": [], "EmbedWebPlugin": [],
        ]
        for name in modules { rules[name] = kit.union(["ModuleKit"]) }
        return rules
    }()

    private static let moduleNames: [String] = {
        let folder = root.appending(path: "Sources/Modules")
        return (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []
    }()

    /// `Sources/Modules/Books/X.swift` belongs to `Books`, `Sources/Jobs/X.swift` to `Jobs`.
    private static func target(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        return parts[1] == "Modules" ? parts[2] : parts[1]
    }

    /// Modules that a line imports, whatever its access.
    private static func imported(_ line: String) -> String? {
        let words = line.split(separator: " ")
        guard let keyword = words.firstIndex(of: "import"), keyword <= 1, keyword + 1 < words.count else { return nil }
        return String(words[keyword + 1])
    }

    private static func upwardImports(_ file: File) -> [String] {
        let target = target(of: file.path)
        let ours = Set(mayImport.keys)
        return file.lines.compactMap(imported).filter { ours.contains($0) && mayImport[target]?.contains($0) != true }
    }

    @Test func `imports point down only`() throws {
        for file in try Self.files(["Sources"], endings: [".swift"]) {
            #expect(Self.mayImport[Self.target(of: file.path)] != nil, "\(file.path) is in a target without a rule")
            #expect(Self.upwardImports(file).isEmpty, "\(file.path) imports \(Self.upwardImports(file))")
        }
        let bad = File(path: "Sources/Storage/Bad.swift", lines: ["package import Tenancy"])
        #expect(Self.upwardImports(bad) == ["Tenancy"])
        let module = File(path: "Sources/Modules/Shop/Bad.swift", lines: ["import Books"])
        #expect(Self.upwardImports(module) == ["Books"])
    }

    @Test func `every module folder is in the package and in the list`() throws {
        let package = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let list = try String(
            contentsOf: Self.root.appending(path: "Sources/ApplianceServer/AllModules.swift"), encoding: .utf8)
        #expect(!Self.moduleNames.isEmpty)
        for name in Self.moduleNames {
            #expect(package.contains("\"\(name)\""), "\(name) is not in Package.swift")
            #expect(list.contains("import \(name)"), "\(name) is not in AllModules.swift")
        }
    }

    // MARK: - Sizes

    private static func isTooLong(_ file: File) -> Bool { file.lines.count > 401 }
    private static func longLines(_ file: File) -> [Int] {
        file.lines.indices.filter { file.lines[$0].count > 120 && !file.lines[$0].contains("\"\"\"") }.map { $0 + 1 }
    }

    @Test func `no file has over 400 lines`() throws {
        for file in try Self.files(["Sources", "Tests", "web"], endings: [".swift", ".js", ".css", ".py"]) {
            #expect(!Self.isTooLong(file), "\(file.path): \(file.lines.count) lines")
        }
        #expect(Self.isTooLong(File(path: "", lines: Array(repeating: "", count: 402))))
    }

    @Test func `no Swift line in Sources is over 120 columns`() throws {
        for file in try Self.files(["Sources"], endings: [".swift"]) {
            #expect(Self.longLines(file).isEmpty, "\(file.path): lines \(Self.longLines(file))")
        }
        #expect(Self.longLines(File(path: "", lines: [String(repeating: "x", count: 121)])) == [1])
    }

    // MARK: - Forbidden

    /// Text, and the files in which it may stand. `ControlSession` waits for the lock of another process, which tells
    /// nobody when it lets go.
    private static let forbidden: [(text: String, allowed: Set<String>)] = [
        ("Date()", ["TimeSource.swift"]), ("try!", []), (" as! ", []), ("fatalError(", []), ("TODO", []), ("FIXME", []),
        ("public ", []), ("@unchecked Sendable", []),
        ("Task.sleep", ["TimeSource.swift", "ControlSession.swift"]),
        ("FileManager.default.removeItem", ["FileSystem.swift"]), (" print(", []),
    ]

    private static func offences(_ file: File) -> [String] {
        let name = file.path.split(separator: "/").last.map(String.init) ?? ""
        return file.lines.flatMap { line -> [String] in
            let code = line.trimmingCharacters(in: .whitespaces)
            guard !code.hasPrefix("//"), !code.hasPrefix("\"") else { return [] }
            return forbidden.filter { rule in
                // Commands are there to print.
                let isAllowed =
                    rule.allowed.contains(name) || rule.text == " print(" && file.path.contains("ApplianceCLI")
                return !isAllowed && line.contains(rule.text)
            }.map { "\($0.text) in: \(code)" }
        }
    }

    @Test func `forbidden calls stand nowhere`() throws {
        for file in try Self.files(["Sources"], endings: [".swift"]) where !file.path.contains("EmbedWeb") {
            #expect(Self.offences(file).isEmpty, "\(file.path): \(Self.offences(file))")
        }
        let bad = File(path: "Sources/Jobs/Bad.swift", lines: ["let now = Date()", "// Date() in a comment is fine"])
        #expect(Self.offences(bad).count == 1)
    }

    // MARK: - Traps

    /// A trap ends the process, and with it every shop. What can be seen in the text: forced unwraps, assertions,
    /// and a dictionary made of names that may repeat.
    private static func traps(_ file: File) -> [String] {
        file.lines.filter { line in
            let code = line.trimmingCharacters(in: .whitespaces)
            guard !code.hasPrefix("//"), !code.hasPrefix("#") else { return false }
            let plain = code.replacing(/"(\\.|[^"\\])*"/, with: "\"\"").replacing(/\s\/\/ .*/, with: "")
            return plain.contains(/[\w\])?]!(?!=)/) || plain.contains("uniqueKeysWithValues")
                || plain.contains("precondition(") || plain.contains("assert(") || plain.contains("unsafelyUnwrapped")
        }
    }

    @Test func `nothing is unwrapped by force, and no call traps on what it is given`() throws {
        // `CollectionCatalog` checks what modules declare, before anything is served.
        let excepted = ["EmbedWeb", "CollectionCatalog.swift"]
        for file in try Self.files(["Sources"], endings: [".swift"])
        where !excepted.contains(where: { file.path.contains($0) }) {
            #expect(Self.traps(file).isEmpty, "\(file.path): \(Self.traps(file))")
        }
        let bad = [
            "let first = names.first!", "let x = table[key]! + 1", "call(Int(text)!)",
            "Dictionary(uniqueKeysWithValues: pairs)", "precondition(count > 0)",
        ]
        let good = ["guard !names.isEmpty, a != b else { return }", "throw fault(\"Stop!\")", "// really!"]
        #expect(Self.traps(File(path: "", lines: bad + good)) == bad)
    }

    /// The parsers of bytes from outside: what each may do with an index or a number is looked at here, line by line.
    private static let parsers = [
        "Sources/ApplianceCore/JSONParser.swift", "Sources/ApplianceCore/Instant+Text.swift",
        "Sources/ApplianceCore/CivilDate.swift", "Sources/ApplianceCore/TextRules.swift",
        "Sources/CollectionKit/CSVParser.swift", "Sources/CollectionKit/ListCursor.swift",
        "Sources/CollectionKit/ListQuery.swift", "Sources/CollectionKit/Field+JSON.swift",
        "Sources/HTTPAPI/QueryString.swift", "Sources/HTTPAPI/HostName.swift", "Sources/Tenancy/TenantInput.swift",
    ]

    /// Conversions that trap out of range, and lengths that trap below zero.
    private static let trapping = [
        "UInt8(bytes", "Int(value)", "Int(number)", "Int32(", "UInt32(value)", "Array(repeating:", "String(repeating:",
        ".prefix(-", "stride(", ".removeLast(", ".removeFirst(",
    ]

    /// Looked at, and bounded where they stand: by a hexadecimal digit, by the text's own length, by a remainder of
    /// four, and by a suffix that is there.
    private static let bounded: Set = [
        "value = value << 4 | UInt32(digit)", "for index in stride(from: start + count - 1, through: start, by: -1) {",
        #"base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)"#,
        #"if host.hasSuffix(".") { host.removeLast() }"#,
    ]

    private static func riskyCalls(_ file: File) -> [String] {
        file.lines.map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { line in trapping.contains { line.contains($0) } && !bounded.contains(line) }
    }

    @Test func `parsers of outside bytes do nothing that traps on a value`() throws {
        for path in Self.parsers {
            let text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
            let risky = Self.riskyCalls(File(path: path, lines: text.components(separatedBy: "\n")))
            #expect(risky.isEmpty, "\(path): \(risky)")
        }
        #expect(Self.riskyCalls(File(path: "", lines: ["Array(repeating: 0, count: limit)"])).count == 1)
    }

    @Test func `only AtomicFile writes below the backups folder`() throws {
        for file in try Self.files(["Sources/Backups"], endings: [".swift"]) {
            for call in [".write(to:", "createFile(", "FileHandle(forWritingTo"] {
                #expect(!file.lines.contains { $0.contains(call) }, "\(file.path) has \(call)")
            }
        }
    }

    /// Table and column names come from declarations and are quoted; a value in SQL text is an injection.
    @Test func `requests never reach SQL text`() throws {
        for file in try Self.files(["Sources/HTTPAPI", "Sources/ApplianceServer"], endings: [".swift"]) {
            for keyword in ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE "] {
                let lines = file.lines.filter { $0.contains(keyword) && $0.contains("\\(") }
                #expect(lines.isEmpty, "\(file.path): \(lines)")
            }
        }
    }
}

// What libFuzzer calls: one entry for each parser of bytes from outside. Compiled by `run` into one module together
// with the sources it tests; no part of the package.
import Foundation

/// Each gets any bytes, must not trap, and what it accepts must mean the same when it is written and read again.
private let coreTargets: [String: @Sendable ([UInt8]) -> Void] = [
    "json": { bytes in
        guard let value = try? JSONParser.parse(bytes) else { return }
        require((try? JSONParser.parse(value.bytes)) == settled(value))
        require((try? JSONParser.parse(Array(value.prettyText.utf8))) == settled(value))
    },
    "instant": { bytes in
        guard let instant = Instant(text(bytes)) else { return }
        require(Instant(instant.description) == instant)
    },
    "date": { bytes in
        guard let date = CivilDate(text(bytes)) else { return }
        require(CivilDate(date.description) == date)
    },
    "text": { bytes in
        let given = text(bytes)
        for multiline in [false, true] {
            guard let clean = TextRules.normalized(given, multiline: multiline) else { continue }
            require(TextRules.normalized(clean, multiline: multiline) == clean)
        }
        if TextRules.isSlug(given) { require(given.utf8.count <= 63) }
        _ = TextRules.isEmail(given)
        _ = LocalTime(given)
        _ = SnapshotID(given)
    },
    "amount": { bytes in
        let given = text(bytes)
        for code in ["USD", "JPY", "KWD", String(given.prefix(3))] {
            _ = Currency(code)?.minor(fromMajor: String(given.dropFirst(3)))
        }
    },
    "csv": { bytes in
        // Whatever the pieces in which a file arrives, its rows are the same.
        let whole = rows(bytes, piece: bytes.count)
        require(whole == rows(bytes, piece: Int(bytes.first ?? 0) % 7 + 1))
    },
    "tenant": { bytes in
        guard let body = try? JSONParser.parse(bytes) else { return }
        _ = try? TenantInput(body, knownModules: ["shop", "licensing"])
    },
]

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The cells of every row, or nothing but the fault.
private func rows(_ bytes: [UInt8], piece: Int) -> [[[UInt8]]] {
    var parser = CSVParser()
    var found: [[[UInt8]]] = []
    func note(_ row: borrowing CSVParser.Row) { found.append((0..<row.count).map { Array(row.bytes($0)) }) }
    do {
        var start = 0
        while start < bytes.count {
            let end = min(start + max(piece, 1), bytes.count)
            try bytes[start..<end].withUnsafeBytes { try parser.parse($0, note) }
            start = end
        }
        try parser.finish(note)
        return found
    } catch {
        return [[Array("\(error)".utf8)]]
    }
}

func require(_ condition: Bool) { if !condition { abort() } }

private let target: @Sendable ([UInt8]) -> Void = {
    let targets = [coreTargets, collectionTargets, fileTargets].reduce(into: [:]) { all, some in
        all.merge(some) { first, _ in first }
    }
    guard let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"], let target = targets[name] else {
        print("FUZZ_TARGET is one of \(targets.keys.sorted().joined(separator: " "))")
        abort()
    }
    return target
}()

@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// What was not whole as it was written, such as 8e-890, and is as a double, is read back as the integer that its text
/// then is.
private func settled(_ value: JSON) -> JSON {
    switch value {
    case .number(let number) where number.magnitude < 0x1p53: Int64(exactly: number).map { .integer($0) } ?? value
    case .array(let items): .array(items.map(settled))
    case .object(let members): .object(members.map { .init($0.name, settled($0.value)) })
    default: value
    }
}

import ApplianceCore
import Storage

/// One line of the log, before it has a number.
struct AuditEvent {
    let at: Instant
    let actor: Actor
    let action: String
    let target: String?
    let requestID: String?
    /// Canonical JSON.
    let data: [UInt8]?

    /// The row as canonical JSON (sorted names, no spaces, what is null left out): what is hashed.
    func canonical(seq: Int64) -> [UInt8] {
        AuditChain.canonical(
            seq: seq, at: at.description, actor: actor.text, action: action, target: target, requestID: requestID,
            data: data)
    }
}

/// What a change of a record leaves in the log: `{"new":{…},"old":{…}}`, with the fields that differ. Of personal
/// fields and secrets only that there is something: the log outlives an erasure request, and is never rewritten.
struct AuditValues {
    private let collection: Collection

    init(_ collection: Collection) { self.collection = collection }

    func created(_ values: [SQLValue]) -> [UInt8] { data(old: nil, new: values) }
    func deleted(_ values: [SQLValue]) -> [UInt8] { data(old: values, new: nil) }
    func changed(from old: [SQLValue], to new: [SQLValue]) -> [UInt8] { data(old: old, new: new) }

    private func data(old: [SQLValue]?, new: [SQLValue]?) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(512)
        out.append(UInt8(ascii: "{"))
        if let new { write("new", new, other: old, to: &out) }
        if let old {
            if new != nil { out.append(UInt8(ascii: ",")) }
            write("old", old, other: new, to: &out)
        }
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// The fields in canonical order: those that differ from `other`, or those that have a value.
    private func write(_ name: String, _ values: [SQLValue], other: [SQLValue]?, to out: inout [UInt8]) {
        JSON.write(string: name, to: &out)
        out.append(contentsOf: [UInt8(ascii: ":"), UInt8(ascii: "{")])
        var isFirst = true
        for index in collection.rules.sorted where other.map({ $0[index] != values[index] }) ?? (values[index] != .null)
        {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            let field = collection.fields[index]
            JSON.write(string: field.name, to: &out)
            out.append(UInt8(ascii: ":"))
            write(values[index], of: field, to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    private func write(_ value: SQLValue, of field: Field, to out: inout [UInt8]) {
        switch value {
        case .null: out.append(contentsOf: "null".utf8)
        case _ where field.isWriteOnly: out.append(contentsOf: #""[secret]""#.utf8)
        case _ where field.isPersonal: out.append(contentsOf: #""[personal]""#.utf8)
        case .integer(let number):
            switch field.type {
            case .boolean: out.append(contentsOf: (number == 0 ? "false" : "true").utf8)
            case .decimal(let scale, _): JSON.write(string: FixedPoint.text(number, scale: scale), to: &out)
            default: out.append(contentsOf: String(number).utf8)
            }
        case .text(let text):
            switch field.type {
            case .json, .references:
                ((try? JSONParser.parse(Array(text.utf8))) ?? .null).writeCanonical(to: &out)
            default: JSON.write(string: text, to: &out)
            }
        }
    }
}

import ApplianceCore
import CollectionKit
import Storage

/// The fields of a declaration, each in the words in which fields describe themselves.
package struct OwnFields {
    package enum Limit {
        package static let line: Int64 = 1000
        package static let text: Int64 = 10_000
        package static let json: Int64 = 65_536
        package static let choices = 100
        package static let choice = 64
        package static let pattern = 200
        /// Whole numbers that every program keeps exactly (RFC 8259 §6).
        package static let integer: ClosedRange<Int64> = -(1 << 53) + 1...(1 << 53) - 1
        package static let scale: ClosedRange<Int64> = 1...6
        package static let decimal: ClosedRange<Int64> = -1_000_000_000...1_000_000_000
        package static let weight: Int64 = 10_000_000_000
        package static let duration: Int64 = 315_360_000
        /// Records of a list.
        package static let records: Int64 = 50
        package static let secret: Int64 = 1000
        /// Media types that a file may be of.
        package static let accepted = 10
    }

    private(set) var fields: [Field] = []
    var renamed: [String: String] = [:]
    private(set) var faults: [DomainError.FieldFault] = []
    let own: String
    let surroundings: OwnDeclaration.Surroundings
    private let former: Collection?

    init(own: String, in surroundings: OwnDeclaration.Surroundings, former: Collection?) {
        (self.own, self.surroundings, self.former) = (own, surroundings, former)
    }

    mutating func read(_ value: JSON?) {
        guard let list = value?.arrayValue, (1...OwnDeclaration.Limit.fields).contains(list.count) else {
            faults.append(
                .init(
                    "fields", value == nil ? "required" : "out_of_range",
                    "A list of between 1 and \(OwnDeclaration.Limit.fields) fields."))
            return
        }
        for (index, item) in list.enumerated() { read(item, at: "fields[\(index)]") }
        let words = Dictionary(grouping: fields.indices) { fields[$0].name.lowercased() }
        for index in words.values.flatMap({ $0.sorted().dropFirst() }).sorted() {
            faults.append(.init("fields[\(index)].name", "twice", "Another field has this name."))
        }
        for index in fields.indices {
            faults += faultsAmong(index).map { .init("fields[\(index)].\($0.field)", $0.code, $0.message) }
        }
    }

    /// One that is wrong is kept as some text, so that those behind it keep their places.
    private mutating func read(_ item: JSON, at place: String) {
        var reader = InputReader(item.objectValue ?? [])
        let name = reader.text("name", required: true, max: OwnName.Limit.length, check: OwnName.isField) ?? "_\(place)"
        let type = reader.text("type", required: true, max: 20) ?? ""
        var field = plain(name, type, &reader)
        if field == nil, !type.isEmpty {
            reader.faults.append(
                .init("type", "not_a_choice", "One of \(Self.types.joined(separator: ", "))."))
        }
        if let label = reader.text("title", max: OwnDeclaration.Limit.title) { field = field?.titled(label) }
        field = field.map { refined($0, &reader) }
        if let field, RecordErasure.mistake([field]) != nil {
            reader.faults.append(
                .init(
                    "personal", "not_erasable",
                    "A personal field of this type may not be required: it could not be erased."))
        }
        takeFormerName(name, &reader)
        do {
            try reader.finish()
        } catch {
            faults += DomainError(any: error).faults.map { .init("\(place).\($0.field)", $0.code, $0.message) }
        }
        fields.append(field ?? .text(name, max: 1))
    }

    private mutating func takeFormerName(_ name: String, _ reader: inout InputReader) {
        guard let old = reader.text("renamedFrom", max: OwnName.Limit.length) else { return }
        guard former?.field(old) != nil, !renamed.values.contains(old) else {
            reader.faults.append(.init("renamedFrom", "not_found", "There is no field \(old) to rename."))
            return
        }
        if old != name { renamed[name] = old }
    }
}

import ApplianceCore
import GRDB
import Storage

/// The column values of a record to be written, in the order of the collection's fields, checked as a whole: all
/// faults are reported at once.
struct RecordDraft {
    let collection: Collection
    var values: [SQLValue]
    /// Which fields the input named.
    var given: [Bool]
    var faults: [DomainError.FieldFault] = []

    init(_ collection: Collection) {
        self.collection = collection
        values = Array(repeating: .null, count: collection.fields.count)
        given = Array(repeating: false, count: collection.fields.count)
    }

    /// Takes over what stands in the table, for a merge.
    init(_ collection: Collection, current: [SQLValue]) {
        self.init(collection)
        values = current
    }

    /// Reads the members of a JSON object. Unknown names are faults.
    mutating func take(json: JSON, creating: Bool) throws {
        guard let members = json.objectValue else {
            throw DomainError.malformed("not_an_object", "The body must be a JSON object.")
        }
        for member in members {
            guard let index = collection.index(of: member.name) else {
                let isSystem = Collection.systemColumns.contains(member.name)
                faults.append(
                    .init(
                        String(member.name.prefix(64)), isSystem ? "read_only" : "unknown_field",
                        isSystem ? "Set by the server." : "There is no such field."))
                continue
            }
            let field = collection.fields[index]
            do throws(ValueFault) {
                try set(index, try field.value(json: member.value), creating: creating)
            } catch {
                faults.append(.init(field.name, error.code, error.message))
            }
        }
    }

    mutating func set(_ index: Int, _ value: SQLValue, creating: Bool) throws(ValueFault) {
        if !creating, collection.fields[index].isImmutable, values[index] != value {
            throw ValueFault("immutable", "Cannot be changed once set.")
        }
        values[index] = value
        given[index] = true
    }

    /// Fills what was left out. A null that was given stands for "left out" too.
    mutating func fillDefaults(_ context: RecordContext) {
        for (index, field) in collection.fields.enumerated() where values[index] == .null {
            switch field.fallback {
            case .value(.integer(let number)): values[index] = .integer(number)
            case .value(.text(let text)): values[index] = .text(text)
            case .tenantCurrency: values[index] = .text(context.currency)
            case .now: values[index] = .text(context.now.description)
            case .generated(let make): values[index] = .text(make())
            case .field(let name): if let other = collection.index(of: name) { values[index] = values[other] }
            case nil: break
            }
        }
    }

    mutating func requireFields() {
        for (index, field) in collection.fields.enumerated()
        where field.isRequired && values[index] == .null && !faults.contains(where: { $0.field == field.name }) {
            faults.append(.init(field.name, "required", "Must be given."))
        }
    }

    /// Looks up that each record referred to exists in this shop.
    mutating func checkReferences(_ db: Database) throws {
        for (index, field) in collection.fields.enumerated() where given[index] {
            guard case .reference(let target, _) = field.type, case .text = values[index] else { continue }
            let exists = try db.first(
                "SELECT 1 FROM \(CollectionSQL.quoted(target)) WHERE id = ?1", [values[index]]
            ) { _ in true }
            if exists == nil { faults.append(.init(field.name, "not_found", "There is no such record.")) }
        }
    }

    func throwFaults() throws {
        if !faults.isEmpty { throw DomainError.invalid(faults) }
    }
}

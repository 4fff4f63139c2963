package import ApplianceCore
package import GRDB

/// Several changes, made in one transaction: all of them or none.
package struct RecordBatch: Sendable {
    package enum Limit {
        package static let changes = 100
    }

    package enum Change: Sendable {
        case create(JSON)
        case update(id: String, JSON, version: Int64?)
        case delete(id: String, version: Int64?)

        package var operation: Permissions.Operation {
            switch self {
            case .create: .create
            case .update: .update
            case .delete: .delete
            }
        }
    }

    private var steps: [(view: CollectionView, change: Change)] = []

    package init() {}

    package mutating func add(_ change: Change, to view: CollectionView) { steps.append((view, change)) }

    /// The record that each change left; nil for a deleted one. An error says which change it is about.
    package func run(_ db: Database, _ context: RecordContext) throws -> [RecordBytes?] {
        try steps.enumerated().map { index, step in
            try Self.naming(index) {
                let records = Records(step.view)
                switch step.change {
                case .create(let body): return try records.create(db, body, context)
                case .update(let id, let body, let version):
                    return try records.patch(db, id: id, body, ifVersion: version, context)
                case .delete(let id, let version):
                    try records.delete(db, id: id, ifVersion: version, context)
                    return nil
                }
            }
        }
    }

    /// Puts the place of a change in front of the faults: `operations[1].email`.
    package static func naming<Value>(_ index: Int, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch var error as DomainError {
            let place = "operations[\(index)]"
            error.faults =
                error.faults.isEmpty
                ? [.init(place, error.code, error.message)]
                : error.faults.map { .init("\(place).\($0.field)", $0.code, $0.message) }
            throw error
        }
    }
}

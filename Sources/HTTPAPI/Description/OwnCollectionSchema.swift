import ApplianceCore
import CollectionKit
import Tenancy

/// The form of a declaration that a shop makes: what may be sent, and what is kept of it.
enum OwnCollectionSchema {
    /// A body; `isNew` where the collection has no name yet.
    static func declaration(isNew: Bool) -> JSON { Property.object(head(isNew: isNew) + rules) }

    /// What is kept of a declaration beside its name, titles and fields, for answers: it is there where it was said.
    static let keptRules = rules.map { ($0.name, AnswerValue(schema: kept($0.schema))) }

    /// A field as it is kept.
    static let keptField = AnswerSchema(
        "OwnCollectionField",
        members: field.filter { $0.name != "renamedFrom" }.map { ($0.name, AnswerValue(schema: kept($0.schema))) },
        optional: field.filter { !$0.isRequired }.map(\.name))

    private static func head(isNew: Bool) -> [Property] {
        [
            .text("name", required: isNew, max: OwnName.Limit.length),
            .text("title", max: OwnDeclaration.Limit.title), .text("heading", max: OwnDeclaration.Limit.title),
            .text("idPrefix", max: 8),
            .list("fields", of: Property.object(field), 1...OwnDeclaration.Limit.fields, required: true),
        ]
    }

    private static let rules: [Property] = [
        lists("indexes"), lists("unique"), grants("permissions"), grants("own"),
        .text("ownerField", max: OwnName.Limit.length), condition("frozen", [names("except")]),
    ]

    // MARK: - A field

    private static let field: [Property] = kind + fieldRules + ofTypes

    private static let kind: [Property] = [
        .text("name", required: true, max: OwnName.Limit.length), .choice("type", OwnFields.types, required: true),
        .text("title", max: OwnDeclaration.Limit.title), .text("renamedFrom", max: OwnName.Limit.length),
    ]

    /// Of fields of any type, or of most.
    private static let fieldRules: [Property] = [
        .flag("required"), .flag("personal"), .flag("immutable"), .flag("searchable"),
        Property("unique", ["enum": [true, false, "ignoringCase", nil]]),
        Property("default", ["type": ["string", "number", "boolean", "null"]]),
        .text("formula", max: Formula.Limit.length), roles("readableBy"), roles("writableBy"), condition("frozen"),
        condition("drawn"),
    ]

    /// Of some types only, which refuse those of others.
    private static let ofTypes: [Property] = [
        .integer("minLength", in: 0...OwnFields.Limit.text), .integer("maxLength", in: 1...OwnFields.Limit.text),
        .text("pattern", max: OwnFields.Limit.pattern), .choice("case", ["upper", "lower"]),
        .integer("minimum", in: OwnFields.Limit.integer), .integer("maximum", in: OwnFields.Limit.integer),
        .integer("scale", in: OwnFields.Limit.scale), .text("currency", max: OwnName.Limit.length),
        .flag("allowsNegative"), .texts("choices"),
        .map("moves", of: ["type": "array", "items": ["type": "string"]]),
        .text("reference", max: OwnName.Limit.length),
        .choice("onDelete", OwnFields.rules.map { $0.rawValue.lowercased() }),
        .integer("maxItems", in: 1...OwnFields.Limit.records), .texts("accept"),
        .text("series", max: NumberSeries.Limit.length), .integer("firstMonth", in: 1...12),
        .integer("maxBytes", in: 2...OwnFields.Limit.json),
    ]

    // MARK: - Parts

    /// Names of fields.
    private static func names(_ name: String) -> Property {
        .list(name, of: ["type": "string"], 0...OwnDeclaration.Limit.fields)
    }

    private static func lists(_ name: String) -> Property {
        .list(
            name,
            of: [
                "type": "array", "items": ["type": "string"], "minItems": 1,
                "maxItems": JSON(OwnDeclaration.Limit.indexed),
            ], 0...OwnDeclaration.Limit.indexes)
    }

    private static func roles(_ name: String) -> Property {
        .list(name, of: ["enum": .array(Role.allCases.map { .string($0.rawValue) })], 0...1000)
    }

    /// What staff and viewers may do; owners and admins may everything.
    private static func grants(_ name: String) -> Property {
        let operations: JSON = [
            "type": "array", "items": ["enum": .array(Permissions.Operation.allCases.map { .string($0.rawValue) })],
            "maxItems": 8,
        ]
        return .object(name, [Role.staff, .viewer].map { Property($0.rawValue, operations) })
    }

    /// `{"field": "state", "values": ["done"]}`
    private static func condition(_ name: String, _ others: [Property] = []) -> Property {
        .object(
            name,
            [
                .text("field", required: true, max: OwnName.Limit.length),
                .list("values", of: ["type": "string"], 1...1000, required: true),
            ] + others)
    }

    /// What was said for nothing is not kept; texts are, as they were written.
    private static func kept(_ schema: JSON) -> JSON {
        switch schema {
        case .object(let members):
            .object(
                members.filter { !limits.contains($0.name) && $0.value != false }.map { member in
                    .init(member.name, member.name == "type" ? keptType(member.value) : kept(member.value))
                })
        case .array(let items): .array(items.filter { $0 != .null }.map(kept))
        default: schema
        }
    }

    private static func keptType(_ type: JSON) -> JSON {
        let types = (type.arrayValue ?? [type]).filter { $0 != "null" }
        return types.count == 1 ? types.first ?? .null : .array(types)
    }

    private static let limits: Set<String> = [
        "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
    ]
}

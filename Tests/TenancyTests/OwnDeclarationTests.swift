import ApplianceCore
import CollectionKit
import Storage
import Testing

@testable import Tenancy

struct OwnDeclarationTests {
    private static let modules = CollectionCatalog([
        (id: nil, collections: [Collection("customers", idPrefix: "cus", title: "Customer", fields: [])])
    ])

    private func read(_ body: JSON) throws -> OwnDeclaration {
        try OwnDeclaration(
            body, version: 1, in: .init(Self.modules, targets: ["customers", "parts"], prefixes: ["cus"]))
    }

    private func faults(_ body: JSON) -> [String] {
        do {
            _ = try read(body)
            return []
        } catch {
            return DomainError(any: error).faults.map { "\($0.field) \($0.code)" }
        }
    }

    private static let all: JSON = [
        ["name": "item", "type": "text", "maxLength": 9, "minLength": 2, "pattern": "^[A-Z]+$", "case": "upper"],
        ["name": "story", "type": "multiline", "searchable": true],
        ["name": "mail", "type": "email", "personal": true],
        ["name": "call", "type": "phone"], ["name": "tag", "type": "code", "unique": true],
        ["name": "web", "type": "url"],
        ["name": "land", "type": "country"], ["name": "zone", "type": "timeZone"],
        ["name": "pieces", "type": "integer", "minimum": 1, "maximum": 9, "default": 1, "required": true],
        ["name": "grams", "type": "weight"], ["name": "tax", "type": "rate"], ["name": "took", "type": "duration"],
        ["name": "size", "type": "decimal", "scale": 3, "default": "1.5"], ["name": "price", "type": "money"],
        ["name": "currency", "type": "currency"], ["name": "isDone", "type": "boolean", "default": false],
        ["name": "day", "type": "date"], ["name": "moment", "type": "instant", "default": "now"],
        ["name": "state", "type": "choice", "choices": ["open", "done"], "default": "open", "title": "Where it is"],
        ["name": "customerId", "type": "reference", "reference": "customers", "onDelete": "cascade"],
        ["name": "partId", "type": "reference", "reference": "parts"], ["name": "order", "type": "reference"],
        ["name": "worker", "type": "user"], ["name": "extra", "type": "json"],
    ]

    @Test func `a declaration of every type becomes a collection as modules declare them`() throws {
        let fields = Self.all.arrayValue?.filter { $0["name"] != "order" } ?? []
        let declaration = try read([
            "name": "repairJobs", "fields": .array(fields), "indexes": [["state", "day"]], "unique": [["item", "day"]],
            "permissions": ["staff": ["read", "update"]],
        ])
        let collection = declaration.collection
        #expect(collection.name == "repairJobs" && collection.table == "own_repairJobs")
        #expect(collection.title == "RepairJobs" && collection.idPrefix == "rep")
        #expect(collection.fields.count == fields.count && collection.field("state")?.label == "Where it is")
        let permissions = collection.permissions
        #expect(permissions.allow(.delete, for: .admin) && !permissions.allow(.create, for: .staff))
        #expect(permissions.allow(.update, for: .staff) && !permissions.allow(.read, for: .viewer))
        // What is kept says the same again.
        #expect(try read(declaration.json).json == declaration.json)
    }

    @Test func `every fault is told by its place in the declaration`() {
        #expect(faults(["name": "Repairs", "fields": []]) == ["name not_valid", "fields out_of_range"])
        #expect(faults(["name": "customers", "fields": [["name": "a", "type": "text"]]]) == ["name reserved"])
        #expect(faults(["name": "users", "fields": [["name": "a", "type": "text"]]]) == ["name reserved"])
        let fields: JSON = [
            ["name": "select", "type": "text"], ["name": "id", "type": "text"], ["name": "a\"b", "type": "text"],
            ["name": "Select", "type": "text"], ["name": "x", "type": "blob"],
            ["name": "n", "type": "integer", "minimum": 3, "maximum": 2],
            ["name": "m", "type": "money", "currency": "coin"], ["name": "p", "type": "text", "pattern": "(a|b)"],
            ["name": "r", "type": "reference", "reference": "ghosts"], ["name": "c", "type": "choice"],
            ["name": "d", "type": "date", "default": "soon"], ["name": "s", "type": "integer", "searchable": true],
            ["name": "u", "type": "text", "maxLength": 5000, "colour": "red"], ["name": "seleCt", "type": "text"],
        ]
        #expect(
            faults([
                "name": "repairs", "fields": fields, "indexes": [["ghost"]],
                "permissions": ["viewer": ["update"], "owner": []], "hue": 1,
            ])
                == [
                    "fields[1].name not_valid", "fields[2].name not_valid", "fields[3].name not_valid",
                    "fields[4].type not_a_choice", "fields[5].maximum out_of_range", "fields[7].pattern not_valid",
                    "fields[8].reference not_found", "fields[9].choices not_valid", "fields[10].default not_a_date",
                    "fields[11].searchable not_valid", "fields[12].maxLength out_of_range",
                    "fields[12].colour unknown_field", "fields[13].name twice", "fields[6].currency not_found",
                    "indexes[0] not_valid", "permissions.viewer read_required", "permissions.owner unknown_field",
                    "hue unknown_field",
                ])
    }

    @Test(arguments: ["a", "repairs", "repairJobs2", "select"])
    func `words name collections`(name: String) { #expect(OwnName.isCollection(name)) }

    @Test(arguments: ["", "A", "1a", "repair-jobs", "repair_jobs", "ünder", "own", "apiKeys", "Users", "users"])
    func `others do not`(name: String) { #expect(!OwnName.isCollection(name)) }
}

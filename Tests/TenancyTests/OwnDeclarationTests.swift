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
        ["name": "partIds", "type": "references", "reference": "parts", "maxItems": 5],
        ["name": "photo", "type": "file", "accept": ["image/*", "application/pdf"]],
        ["name": "lockCode", "type": "secret", "maxLength": 20, "readableBy": ["owner", "admin"]],
        [
            "name": "number", "type": "sequence", "series": "R/{fy}/{0000}", "firstMonth": 4,
            "drawn": ["field": "state", "values": ["done"]],
        ],
        ["name": "total", "type": "money", "formula": "pieces * price"],
        ["name": "area", "type": "decimal", "scale": 6, "formula": "size * size"],
        ["name": "label", "type": "text", "formula": #"item & " / " & pieces"#, "searchable": true],
        [
            "name": "step", "type": "choice", "choices": ["in", "out"], "moves": ["in": ["out"]],
            "writableBy": ["owner", "staff"], "frozen": ["field": "state", "values": ["done"]],
        ],
    ]

    @Test func `a declaration of every type becomes a collection as modules declare them`() throws {
        let fields = Self.all.arrayValue?.filter { $0["name"] != "order" } ?? []
        let declaration = try read([
            "name": "repairJobs", "fields": .array(fields), "indexes": [["state", "day"]], "unique": [["item", "day"]],
            "permissions": ["staff": ["read", "update"], "viewer": ["read"]], "own": ["viewer": ["read"]],
            "ownerField": "worker", "frozen": ["field": "step", "values": ["out"], "except": ["story"]],
        ])
        let collection = declaration.collection
        #expect(collection.name == "repairJobs" && collection.table == "own_repairJobs")
        #expect(collection.title == "RepairJobs" && collection.idPrefix == "rep")
        #expect(collection.fields.count == fields.count && collection.field("state")?.label == "Where it is")
        let permissions = collection.permissions
        #expect(permissions.allow(.delete, for: .admin) && !permissions.allow(.create, for: .staff))
        #expect(permissions.allow(.update, for: .staff) && permissions.scope(.read, for: .viewer) == .own)
        #expect(
            collection.field("step")?.moves == ["in": ["out"]] && collection.field("step")?.writers == [.owner, .staff])
        #expect(collection.field("step")?.frozen == .init(field: "state", values: ["done"]))
        #expect(collection.field("tag")?.frozen == .init(field: "step", values: ["out"]))
        #expect(collection.field("story")?.frozen == nil && collection.field("total")?.frozen == nil)
        #expect(collection.field("number")?.drawn == .init(field: "state", values: ["done"]))
        #expect(collection.field("total")?.formula?.source == "pieces * price")
        #expect(collection.linkTables == ["own_repairJobs_partIds_links"])
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
                    "indexes[0] not_valid", "permissions.owner unknown_field", "permissions.viewer read_required",
                    "hue unknown_field",
                ])
    }

    @Test func `what only the rules of several fields show is told too`() {
        let fields: JSON = [
            ["name": "n", "type": "integer"], ["name": "d", "type": "decimal", "scale": 2],
            ["name": "s", "type": "choice", "choices": ["a", "b"], "moves": ["a": ["z"]]],
            ["name": "who", "type": "text", "personal": true], ["name": "key", "type": "secret", "unique": true],
            ["name": "f1", "type": "integer", "formula": "n + d"],
            ["name": "f2", "type": "integer", "formula": "f2 + 1"],
            ["name": "f3", "type": "text", "formula": "who & n"], ["name": "f4", "type": "text", "formula": "key & n"],
            ["name": "f5", "type": "integer", "formula": "n +"], ["name": "f6", "type": "date", "formula": "n"],
            ["name": "f7", "type": "integer", "formula": "n * n", "required": true, "default": 1],
            ["name": "pay", "type": "integer", "readableBy": ["owner"]],
            ["name": "f8", "type": "integer", "formula": "pay * 2", "readableBy": ["owner", "staff"]],
            ["name": "x", "type": "text", "writableBy": ["staff"]],
            ["name": "y", "type": "text", "readableBy": ["boss"]],
            ["name": "no", "type": "sequence", "series": "{00}{00}"], ["name": "no2", "type": "sequence"],
            ["name": "z", "type": "text", "frozen": ["field": "s", "values": ["c"]]],
            ["name": "z2", "type": "text", "frozen": ["field": "n"]],
            ["name": "ph", "type": "file", "accept": ["image/'; DROP"]],
            ["name": "ls", "type": "references", "reference": "ghosts", "maxItems": 51],
            ["name": "big", "type": "decimal", "scale": 6, "formula": "d * d"],
        ]
        let found = faults([
            "name": "repairs", "fields": fields, "unique": [["key"], ["f7"]], "own": ["staff": ["read"]],
            "frozen": ["field": "s", "values": ["a"], "except": ["ghost"]],
        ])
        #expect(
            found == [
                "fields[2].moves not_valid", "fields[4].unique contradiction", "fields[9].formula not_valid",
                "fields[11].required contradiction", "fields[11].default contradiction",
                "fields[14].writableBy owner_required", "fields[15].readableBy not_a_choice",
                "fields[16].series not_valid", "fields[17].series required",
                "fields[19].frozen.values required", "fields[20].accept not_valid",
                "fields[21].reference not_found", "fields[21].maxItems out_of_range",
                "fields[5].formula not_valid", "fields[6].formula not_valid", "fields[7].personal required",
                "fields[8].formula not_valid", "fields[10].formula not_valid", "fields[13].readableBy required",
                "fields[18].frozen not_valid", "fields[22].formula not_valid", "unique[0] contradiction",
                "unique[1] contradiction", "frozen.except not_found", "ownerField required",
            ])
    }

    @Test func `nothing that somebody writes as a formula ends the program`() {
        let deep = String(repeating: "(", count: 100) + "n" + String(repeating: ")", count: 100)
        let long = String(repeating: "n*", count: 99) + "n"
        for formula in [deep, "n * 99999999999999999999", "\"", "&", "n & n & \"x", long, "(n", "n)", "é"] {
            let fields: JSON = [
                ["name": "n", "type": "integer"], ["name": "f", "type": "integer", "formula": .string(formula)],
            ]
            _ = faults(["name": "repairs", "fields": fields])
        }
    }

    @Test(arguments: ["a", "repairs", "repairJobs2", "select"])
    func `words name collections`(name: String) { #expect(OwnName.isCollection(name)) }

    @Test(arguments: ["", "A", "1a", "repair-jobs", "repair_jobs", "ünder", "own", "apiKeys", "Users", "users"])
    func `others do not`(name: String) { #expect(!OwnName.isCollection(name)) }

    @Test func `a list that holds something else is refused`() {
        let fields: JSON = [
            ["name": "a", "type": "text"], ["name": "s", "type": "choice", "choices": ["x"]],
        ]
        func faults(_ member: String, _ value: JSON) -> [String] {
            self.faults(.object([.init("name", "repairs"), .init("fields", fields), .init(member, value)]))
        }
        #expect(faults("indexes", [["a", 5]]) == ["indexes[0] not_valid"])
        #expect(faults("unique", [["a", nil]]) == ["unique[0] not_valid"])
        #expect(faults("frozen", ["field": "s", "values": ["x"], "except": 5]) == ["frozen.except not_found"])
        #expect(faults("frozen", ["field": "s", "values": ["x"], "except": nil]).isEmpty)
    }
}

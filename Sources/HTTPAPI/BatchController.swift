import ApplianceCore
import CollectionKit
import Hummingbird
import Storage
import Tenancy

/// `POST /api/batch`: several changes in one transaction, all of them or none.
///
///     {"operations": [{"method": "POST", "path": "/api/customers", "body": {…}},
///                     {"method": "PATCH", "path": "/api/customers/cus_…", "body": {…}, "ifMatch": "\"3\""},
///                     {"method": "DELETE", "path": "/api/customers/cus_…"}]}
///
/// answers `{"results": [{"status": 201, "etag": "\"1\"", "body": {…}}, …]}` in the same order. A fault names its
/// operation: `operations[1].email`.
package struct BatchController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    private static let operations: Property = {
        let members: JSON = [
            "method": ["enum": ["POST", "PATCH", "DELETE"]], "path": ["type": "string"], "body": Property.record,
            "ifMatch": ["type": "string"],
        ]
        let operation: JSON = [
            "type": "object", "properties": members, "required": ["method", "path"], "additionalProperties": false,
        ]
        let schema: JSON = [
            "type": "array", "items": operation, "minItems": 1, "maxItems": JSON(RecordBatch.Limit.changes),
        ]
        return Property("operations", schema, required: true)
    }()

    package func add(to routes: Routes) {
        routes.tenant(
            .post, "/api/batch", .create, "Several changes in one transaction",
            .takes(Self.operations).gives(.batch).refuses(404, 412), keepsAnswer: true
        ) {
            try await batch($0)
        }
    }

    private func batch(_ context: TenantRequestContext) async throws -> Response {
        let body = try await RequestBodies.json(context.request)
        let (batch, change) = (try batch(body, context), services.recordContext(context))
        let created = body["operations"]?.arrayValue?.map { $0["method"] == "POST" } ?? []
        guard let key = try IdempotentAnswer.key(context, body: body.canonicalText) else {
            let records = try await context.database.write { db in try batch.run(db, change) }
            return Answer.json(try Self.results(records, created), for: context.request)
        }
        let answer = try await key.write(context.database, now: change.now) { db in
            let results = try Self.results(batch.run(db, change), created)
            return .init(status: 200, location: nil, etag: nil, body: results.bytes)
        }
        return IdempotentAnswer.response(answer)
    }

    private func batch(_ body: JSON, _ context: TenantRequestContext) throws -> RecordBatch {
        var reader = try InputReader(body: body)
        let list = reader.member("operations")
        if list?.arrayValue == nil {
            reader.faults.append(.init("operations", list == nil ? "required" : "wrong_type", "A list of operations."))
        }
        try reader.finish()
        let operations = list?.arrayValue ?? []
        guard (1...RecordBatch.Limit.changes).contains(operations.count) else {
            throw DomainError.invalid("operations", "out_of_range", "Between 1 and \(RecordBatch.Limit.changes).")
        }
        var batch = RecordBatch()
        for (index, operation) in operations.enumerated() {
            try RecordBatch.naming(index) { try add(operation, to: &batch, context) }
        }
        return batch
    }

    private func add(_ operation: JSON, to batch: inout RecordBatch, _ context: TenantRequestContext) throws {
        for member in operation.objectValue ?? [] where !["method", "path", "body", "ifMatch"].contains(member.name) {
            throw DomainError.invalid(String(member.name.prefix(64)), "unknown_field", "There is no such field.")
        }
        let parts = (operation["path"]?.stringValue ?? "").split(separator: "/").map(String.init)
        guard (2...3).contains(parts.count), parts[0] == "api",
            let entry = try services.entry(parts[1], in: context.database)
        else {
            throw DomainError.invalid("path", "not_found", "/api/<collection> or /api/<collection>/<id>.")
        }
        let change = try Self.change(operation, id: parts.count == 3 ? parts[2] : nil)
        guard context.tenant.has(module: entry.module) else {
            throw DomainError.forbidden("module_not_enabled", "This shop does not have \(entry.collection.name).")
        }
        try context.require(change.operation, entry.collection)
        batch.add(change, to: context.principal.view(of: entry.collection))
    }

    private static func change(_ operation: JSON, id: String?) throws -> RecordBatch.Change {
        let version = operation["ifMatch"]?.stringValue.flatMap { Answer.version(ofTag: $0) }
        switch (operation["method"]?.stringValue, id) {
        case ("POST", nil): return .create(operation["body"] ?? .null)
        case ("PATCH", let id?): return .update(id: id, operation["body"] ?? .null, version: version)
        case ("DELETE", let id?): return .delete(id: id, version: version)
        default:
            throw DomainError.invalid("method", "not_a_choice", "POST to a collection; PATCH or DELETE of a record.")
        }
    }

    private static func results(_ records: [RecordBytes?], _ created: [Bool]) throws -> JSON {
        let results = try zip(records, created).map { record, isCreated -> JSON in
            guard let record else { return ["status": 204] }
            return [
                "status": isCreated ? 201 : 200, "etag": .string(Answer.etag(record.version)),
                "body": try JSONParser.parse(record.json),
            ]
        }
        return ["results": .array(results)]
    }
}

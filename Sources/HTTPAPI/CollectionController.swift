import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
import Storage

/// The routes of every collection: list, read, create, change, delete, import.
package struct CollectionController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    package func add(to routes: Routes) {
        for entry in services.catalog.entries {
            let collection = entry.collection
            let (path, title) = ("/api/\(collection.name)", collection.title.lowercased())
            routes.collection(
                .get, path, "List \(collection.name)", entry, .read,
                direct: .immediate { try directList($0, collection) }
            ) { try await list($0, collection) }
            routes.collection(.post, path, "Create a \(title)", entry, .create, direct: .afterCommit) {
                try await create($0, collection)
            }
            routes.collection(
                .get, "\(path)/{id}", "Read a \(title)", entry, .read, direct: .immediate { try get($0, collection) }
            ) { try get($0, collection).response }
            routes.collection(.patch, "\(path)/{id}", "Change a \(title)", entry, .update, direct: .afterCommit) {
                try await patch($0, collection)
            }
            routes.collection(.delete, "\(path)/{id}", "Delete a \(title)", entry, .delete, direct: .afterCommit) {
                try await delete($0, collection)
            }
            routes.collection(.post, "\(path)/import", "Import \(collection.name)", entry, .create) {
                try await CollectionTransfer(services).importFile($0, collection)
            }
        }
    }

    private func list(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        let query = try ListQuery(collection, parameters: QueryString.parameters(of: context.request))
        if wantsCSV(context) { return CollectionTransfer(services).export(context, query, name: collection.name) }
        let found = try await services.storage.queryWork { try context.database.read { db in try query.page(db) } }
        return page(found, context).response
    }

    /// As `list`, on the event loop: a query that takes more than a moment, and an export, are left to `list`.
    private func directList(_ context: TenantRequestContext, _ collection: Collection) throws -> PlainAnswer? {
        if wantsCSV(context) { return nil }
        let query = try ListQuery(collection, parameters: QueryString.parameters(of: context.request))
        do {
            return page(try context.database.read(limit: .moment) { db in try query.page(db) }, context)
        } catch let error as DomainError where error.code == "query_too_slow" {
            return nil
        }
    }

    private func wantsCSV(_ context: TenantRequestContext) -> Bool {
        context.request.headers[.accept]?.contains("text/csv") == true
    }

    private func page(_ page: ListPage, _ context: TenantRequestContext) -> PlainAnswer {
        var answer = Answer.plain(page.json, type: "application/json", for: context.request)
        if let cursor = page.nextCursor {
            let link = "<\(context.request.uri.path)?cursor=\(cursor)>; rel=\"next\""
            answer.fields.append(HTTPField(name: .linkTarget, value: link))
        }
        return answer
    }

    private func get(_ context: TenantRequestContext, _ collection: Collection) throws -> PlainAnswer {
        let id = context.recordID
        let record = try context.database.read { db in try Records(collection).get(db, id: id) }
        if Answer.isNotModified(context.request, record.version) {
            return PlainAnswer(status: .notModified, fields: [Answer.etagField(record.version)])
        }
        return answer(record, .ok)
    }

    private func create(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        let body = try await RequestBodies.json(context.request)
        let change = services.recordContext(context)
        let record = try await context.database.write { db in try Records(collection).create(db, body, change) }
        var response = answer(record, .created).response
        response.headers[.location] = "/api/\(collection.name)/\(record.id)"
        return response
    }

    private func patch(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        let body = try await RequestBodies.json(context.request)
        let (id, version, change) = (context.recordID, Answer.ifMatch(context.request), services.recordContext(context))
        let record = try await context.database.write { db in
            try Records(collection).patch(db, id: id, body, ifVersion: version, change)
        }
        return answer(record, .ok).response
    }

    private func delete(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        let (id, version, change) = (context.recordID, Answer.ifMatch(context.request), services.recordContext(context))
        try await context.database.write { db in
            try Records(collection).delete(db, id: id, ifVersion: version, change)
        }
        return Answer.noContent
    }

    private func answer(_ record: RecordBytes, _ status: HTTPResponse.Status) -> PlainAnswer {
        var answer = Answer.plain(record.json, type: "application/json", status: status)
        answer.fields.append(Answer.etagField(record.version))
        return answer
    }
}

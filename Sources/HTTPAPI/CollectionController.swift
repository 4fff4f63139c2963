import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
import Storage
import Tenancy

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
            ) { try await getAny($0, collection).response }
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

    /// The same routes for whatever a shop declared for itself.
    package func addOwn(to routes: Routes) {
        let (path, record) = ("/api/\(Routes.ownCollection)", "/api/\(Routes.ownCollection)/{id}")
        routes.ownCollection(
            .get, path, "List records of a collection of the shop's own", .read,
            .gives(.list(.record)).refuses(422),
            direct: .immediate { try directList($0, services.ownCollection($0)) }
        ) { try await list($0, services.ownCollection($0)) }
        routes.ownCollection(
            .post, path, "Create a record of a collection of the shop's own", .create,
            .takes(RouteShape.json, Property.record).gives(.created, .record), direct: .afterCommit
        ) { try await create($0, services.ownCollection($0)) }
        routes.ownCollection(
            .get, record, "Read a record of a collection of the shop's own", .read,
            .gives(.record).refuses(422),
            direct: .immediate { try get($0, services.ownCollection($0)) }
        ) { try await getAny($0, services.ownCollection($0)).response }
        routes.ownCollection(
            .patch, record, "Change a record of a collection of the shop's own", .update,
            .takes(RouteShape.json, Property.record).gives(.record).refuses(412), direct: .afterCommit
        ) { try await patch($0, services.ownCollection($0)) }
        routes.ownCollection(
            .delete, record, "Delete a record of a collection of the shop's own", .delete,
            .gives(.noContent).refuses(412), direct: .afterCommit
        ) { try await delete($0, services.ownCollection($0)) }
        routes.ownCollection(
            .post, "\(path)/import", "Import into a collection of the shop's own", .create,
            .takes("text/csv", ["type": "string"]).gives(.importReport)
        ) {
            try await CollectionTransfer(services).importFile($0, services.ownCollection($0))
        }
    }

    private func list(_ context: TenantRequestContext, _ live: Collection) async throws -> Response {
        let past = try await past(context, live)
        defer { withExtendedLifetime(past) {} }
        let collection = try past.map { try own(live, in: $0) } ?? live
        let query = try query(context, collection)
        let database = past?.database ?? context.database
        try await query.prepareSearch(in: database)
        if let accept = context.request.headers[.accept], let format = ExportFormat(accept: accept) {
            guard !query.isAggregate else {
                throw DomainError.invalid("group", "contradiction", "Groups and figures are JSON only.")
            }
            return CollectionTransfer(services).export(context, query, past, name: collection.name, format)
        }
        let limit = services.queryLimit
        do {
            if query.isAggregate {
                let figures = try await services.storage.queryWork {
                    try database.read(limit: limit) { db in try query.aggregate(db) }
                }
                return Answer.bytes(figures, type: "application/json", for: context.request)
            }
            let found = try await services.storage.queryWork {
                try database.read(limit: limit) { db in try query.page(db) }
            }
            return page(found, context).response
        } catch let error as DomainError {
            throw query.explaining(error)
        }
    }

    /// The collection then: one of the shop's own as it was declared.
    private func own(_ live: Collection, in past: PastState) throws -> Collection {
        if live.own == nil { return live }
        guard let then = try services.own(past.database)[live.name] else { throw DomainError.notFound("collection") }
        return then.declaration.collection
    }

    /// The shop as it was, for `?at=`.
    private func past(_ context: TenantRequestContext, _ live: Collection) async throws -> PastState? {
        guard let at = try at(context, live) else { return nil }
        return try await services.past(context.tenant.id, at)
    }

    /// `?at=` by itself: what else is asked may be of fields that a collection of the shop's own had only then.
    private func at(_ context: TenantRequestContext, _ live: Collection) throws -> Instant? {
        let parameters = try QueryString.parameters(of: context.request)
        guard parameters.contains(where: { $0.0 == "at" }) else { return nil }
        let asked = live.own == nil ? parameters : parameters.filter { $0.0 == "at" }
        return try ListQuery(
            context.principal.view(of: live), parameters: asked, targets: services.targets(context)
        ).at
    }

    /// As `list`, on the event loop: a query that takes more than a moment, and an export, are left to `list`.
    private func directList(_ context: TenantRequestContext, _ collection: Collection) throws -> PlainAnswer? {
        if let accept = context.request.headers[.accept], ExportFormat(accept: accept) != nil { return nil }
        if try collection.own != nil && at(context, collection) != nil { return nil }
        let query = try query(context, collection)
        // How long a search takes shows in no steps of SQLite's: the index has its own.
        if query.isAggregate || query.isSearch || query.at != nil { return nil }
        do {
            return page(try context.database.read(limit: .moment) { db in try query.page(db) }, context)
        } catch let error as DomainError where error.code == "query_too_slow" {
            return nil
        }
    }

    private func query(_ context: TenantRequestContext, _ collection: Collection) throws -> ListQuery {
        try ListQuery(
            context.principal.view(of: collection), parameters: QueryString.parameters(of: context.request),
            targets: services.targets(context))
    }

    private func page(_ page: ListPage, _ context: TenantRequestContext) -> PlainAnswer {
        var answer = Answer.plain(page.json, type: "application/json", for: context.request)
        if let cursor = page.nextCursor {
            let link = "<\(Self.next(context.request, cursor))>; rel=\"next\""
            answer.fields.append(HTTPField(name: .linkTarget, value: link))
        }
        return answer
    }

    /// The same list from the cursor on: everything else that was asked for stays.
    private static func next(_ request: Request, _ cursor: String) -> String {
        let others = (request.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") }
        return "\(request.uri.path)?" + (others + ["cursor=\(cursor)"]).joined(separator: "&")
    }

    /// Nil for a record of the past, which takes a while.
    private func get(_ context: TenantRequestContext, _ collection: Collection) throws -> PlainAnswer? {
        let (id, view) = (context.recordID, context.principal.view(of: collection))
        if context.request.uri.query?.isEmpty == false {
            if try collection.own != nil && at(context, collection) != nil { return nil }
            let query = try recordQuery(context, collection)
            return query.at == nil ? try get(context, query, from: context.database) : nil
        }
        let record = try context.database.read { db in try Records(view).get(db, id: id) }
        if Answer.isNotModified(context.request, record.version) {
            return PlainAnswer(status: .notModified, fields: [Answer.etagField(record.version)])
        }
        return answer(record, .ok)
    }

    private func getAny(_ context: TenantRequestContext, _ collection: Collection) async throws -> PlainAnswer {
        if let answer = try get(context, collection) { return answer }
        let past = try await past(context, collection)
        let query = try recordQuery(context, past.map { try own(collection, in: $0) } ?? collection)
        return try await services.storage.queryWork {
            try withExtendedLifetime(past) { try get(context, query, from: past?.database ?? context.database) }
        }
    }

    /// `?expand=`, `?fields=` and `?at=` of one record.
    private func recordQuery(_ context: TenantRequestContext, _ collection: Collection) throws -> ListQuery {
        for (name, _) in try QueryString.parameters(of: context.request)
        where !["expand", "fields", "at"].contains(name) {
            throw DomainError.invalid(String(name.prefix(64)), "unknown_parameter", "One of expand, fields, at.")
        }
        return try query(context, collection)
    }

    /// What is inside may change without its version, so there is no ETag.
    private func get(
        _ context: TenantRequestContext, _ query: ListQuery, from database: DatabaseFile
    ) throws -> PlainAnswer {
        let id = context.recordID
        let json = try database.read { db in try query.record(db, id: id) }
        return Answer.plain(json, type: "application/json", for: context.request)
    }

    /// The past is not to be written. Costs a look at whether there is a query at all.
    private func requirePresent(_ context: TenantRequestContext) throws {
        guard context.request.head.path?.utf8.contains(UInt8(ascii: "?")) == true else { return }
        for (name, _) in try QueryString.parameters(of: context.request) where name == "at" {
            throw DomainError.invalid("at", "past_is_read_only", "The past can be read and not changed.")
        }
    }

    private func create(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        try requirePresent(context)
        let body = try await RequestBodies.json(context.request)
        let (change, records) = (services.recordContext(context), Records(context.principal.view(of: collection)))
        if let key = try IdempotentAnswer.key(context, body: body.canonicalText) {
            let kept = try await key.write(context.database, now: change.now) { db in
                let record = try records.create(db, body, change)
                return .init(
                    status: 201, location: "/api/\(collection.name)/\(record.id)", etag: Answer.etag(record.version),
                    body: record.json)
            }
            return IdempotentAnswer.response(kept)
        }
        let new = try records.new(body, change)
        let record = try await context.database.write { db in try records.create(db, new, change) }
        var response = answer(record, .created).response
        response.headers[.location] = "/api/\(collection.name)/\(record.id)"
        return response
    }

    private func patch(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        try requirePresent(context)
        let body = try await RequestBodies.json(context.request)
        let (id, version, change) = (context.recordID, Answer.ifMatch(context.request), services.recordContext(context))
        let records = Records(context.principal.view(of: collection))
        let record = try await context.database.write { db in
            try records.patch(db, id: id, body, ifVersion: version, change)
        }
        return answer(record, .ok).response
    }

    private func delete(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        try requirePresent(context)
        let (id, version, change) = (context.recordID, Answer.ifMatch(context.request), services.recordContext(context))
        let records = Records(context.principal.view(of: collection))
        try await context.database.write { db in
            try records.delete(db, id: id, ifVersion: version, change)
        }
        return Answer.noContent
    }

    private func answer(_ record: RecordBytes, _ status: HTTPResponse.Status) -> PlainAnswer {
        var answer = Answer.plain(record.json, type: "application/json", status: status)
        answer.fields.append(Answer.etagField(record.version))
        return answer
    }
}

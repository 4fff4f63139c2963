import ApplianceCore
import CollectionKit
import GRDB
import HTTPTypes
import Hummingbird
import Storage
import Tenancy

/// Uploaded files: `POST /api/files` takes the bytes as they are, and a record names the file by its id.
package struct FileController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    package func add(to routes: Routes) {
        routes.tenantManager(.get, "/api/files", "List uploaded files", .pages().gives(.list(.file))) { try list($0) }
        routes.tenant(
            .post, "/api/files", .create, "Upload a file",
            .takes("application/octet-stream", ["type": "string", "format": "binary"]).asks(
                Property("name", ["type": "string"]), .choice("visibility", ["public", "private"])
            ).gives(.created, .file), keepsAnswer: true
        ) { try await upload($0) }
        routes.tenant(.get, "/api/files/{id}", .read, "Read what is known of a file", .gives(.file)) { context in
            let file = try readable(context)
            return Self.answer(file, context)
        }
        routes.tenant(.get, "/api/files/{id}/content", .read, "Download a file", .gives(.ok, type: "*/*").refuses(416))
        { context in
            try download(readable(context), context.tenant).answer(context.request, maxAge: nil)
        }
        routes.tenant(
            .patch, "/api/files/{id}", .update, "Rename a file, or change who may see it",
            .takes(.text("name", max: 1000), .choice("visibility", ["public", "private"])).gives(.file).refuses(412)
        ) {
            try await change($0)
        }
        routes.tenant(
            .delete, "/api/files/{id}", .delete, "Delete a file that no record names", .gives(.noContent).refuses(412)
        ) {
            try await delete($0)
        }
        routes.tenant(
            .post, "/api/files/{id}/links", .update, "Make an address that opens a file for a while",
            .mayTake(.integer("expiresIn", in: FileLinks.Limit.lifetime)).gives(.created, .fileLink)
        ) {
            try await link($0)
        }
    }

    private static func answer(
        _ file: UploadedFile, _ context: TenantRequestContext, status: HTTPResponse.Status = .ok
    ) -> Response {
        var response = Answer.json(json(file, context), status: status)
        response.headers[.eTag] = Answer.etag(file.version)
        return response
    }

    private static func json(_ file: UploadedFile, _ context: TenantRequestContext) -> JSON {
        file.json(publicPath: PublicFileController.path(context.tenant))
    }

    private func list(_ context: TenantRequestContext) throws -> Response {
        let page = try Page(context.request)
        let files = try context.database.read { db in
            try UploadedFile.list(db, before: page.cursor, limit: page.limit + 1)
        }
        let next = files.count > page.limit ? files[page.limit - 1].id : nil
        let items = files.prefix(page.limit).map { Self.json($0, context) }
        return Answer.json(["items": .array(items), "nextCursor": JSON(next)], for: context.request)
    }

    // MARK: - Who may see it

    /// A private file is for whoever may read a record that names it, for who uploaded it, and for those who manage the
    /// shop. To all others it does not exist.
    private func readable(_ context: TenantRequestContext) throws -> UploadedFile {
        try context.database.read { db in
            let file = try UploadedFile.find(db, id: context.recordID)
            guard try file.isPublic || reaches(file, context, .read, db) else { throw DomainError.notFound("file") }
            return file
        }
    }

    /// Of the files that somebody may see, they change their own and those that a record names which they may change.
    private func changeable(_ context: TenantRequestContext) throws -> UploadedFile {
        let file = try readable(context)
        guard try context.database.read({ db in try reaches(file, context, .update, db) }) else {
            throw DomainError.forbidden("not_permitted", "Your role does not allow this with somebody else's file.")
        }
        return file
    }

    private func reaches(
        _ file: UploadedFile, _ context: TenantRequestContext, _ operation: Permissions.Operation, _ db: Database
    ) throws -> Bool {
        if context.principal.managesUsers || file.createdBy == context.principal.actor.text { return true }
        let targets = services.targets(context, also: operation)
        return try UploadedFile.uses(db, id: file.id).contains { use in
            try targets(use.collection)?.mayRead(db, id: use.record, field: use.field) == true
        }
    }

    private func download(_ file: UploadedFile, _ tenant: Tenant) -> FileDownload {
        FileDownload(
            file: file, folder: services.data.contents(ofTenant: tenant.id), storage: services.storage)
    }

    // MARK: - Uploading

    /// `?name=photo.jpg&visibility=public`, the bytes as the body, their type as its Content-Type.
    private func upload(_ context: TenantRequestContext) async throws -> Response {
        let options = try UploadOptions(context.request)
        let folder = services.data.contents(ofTenant: context.tenant.id)
        let upload = try FileUpload(folder, services.files.limits)
        let (content, head) = try await upload.receive(context.request)
        guard content.bytes > 0 else { throw DomainError.invalid("body", "required", "The file is empty.") }
        let type = try FileKind.type(claimed: options.claimed, head: head)
        let url = folder.url(content.sha256)
        services.files.pins.pin(url)
        defer { services.files.pins.unpin(url) }
        try await services.storage.longWork { try upload.publish(content) }
        let (tenant, change, limits) = (context.tenant, services.recordContext(context), services.files.limits)
        @Sendable func create(_ db: Database) throws -> UploadedFile {
            // A restore may have exchanged the folder since; the row must never name what is not there.
            guard folder.has(content) else {
                throw DomainError.unavailable("restore_under_way", "This shop's data was restored meanwhile.")
            }
            guard try UploadedFile.totalBytes(db) + content.bytes <= limits.tenantBytes else {
                throw DomainError(
                    .storageFull, "files_quota", "The shop's files may have \(limits.tenantBytes >> 20) MiB together.",
                    hint: "Delete files that are no longer needed.")
            }
            try change.storage?.check(db, adding: content.bytes)
            return try UploadedFile.create(
                db, name: options.name, type: type, content: content, isPublic: options.isPublic, change)
        }
        let key = try IdempotentAnswer.key(context, body: "\(content.sha256) \(type)")
        let answer = try await IdempotentAnswer.write(context, key, now: change.now) { db in
            let file = try create(db)
            return .init(
                status: 201, location: "/api/files/\(file.id)", etag: Answer.etag(file.version),
                body: file.json(publicPath: PublicFileController.path(tenant)).bytes)
        }
        services.files.stored(content, tenant.id)
        return answer
    }

    // MARK: - Changing

    private func change(_ context: TenantRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let name = body.text("name", max: 1000).map(FileKind.name)
        let visibility = body.text("visibility", max: 10) { ["public", "private"].contains($0) }
        try body.finish()
        let (id, version) = (try changeable(context).id, Answer.ifMatch(context.request))
        let change = services.recordContext(context)
        let file = try await context.database.write { db in
            try UploadedFile.change(
                db, id: id, name: name, isPublic: visibility.map { $0 == "public" }, ifVersion: version, change)
        }
        return Self.answer(file, context)
    }

    private func delete(_ context: TenantRequestContext) async throws -> Response {
        let (id, version) = (try changeable(context).id, Answer.ifMatch(context.request))
        let change = services.recordContext(context)
        try await context.database.write { db in
            try UploadedFile.delete(db, id: id, ifVersion: version, change)
        }
        return Answer.noContent
    }

    private func link(_ context: TenantRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let seconds = body.integer("expiresIn", in: FileLinks.Limit.lifetime) ?? FileLinks.Limit.usual
        try body.finish()
        let (id, change, tenant) = (try changeable(context).id, services.recordContext(context), context.tenant)
        let expiresAt = Instant(seconds: change.now.seconds + seconds)
        let signature = services.files.links.signature(tenant: tenant.id, file: id, expires: expiresAt.seconds)
        let url = "\(PublicFileController.path(tenant))/\(id)?expires=\(expiresAt.seconds)&signature=\(signature)"
        try await context.database.write { db in
            try UploadedFile.auditLink(db, id: id, until: expiresAt, change)
        }
        return Answer.json(["url": .string(url), "expiresAt": JSON(expiresAt)], status: .created)
    }
}

/// What the address and the head of an upload say.
private struct UploadOptions {
    let name: String
    let isPublic: Bool
    /// Nil where nothing was claimed: some clients call everything a form.
    let claimed: String?

    init(_ request: Request) throws {
        var (name, visibility) = ("file", "private")
        for (parameter, value) in try QueryString.parameters(of: request) {
            switch parameter {
            case "name": name = FileKind.name(value)
            case "visibility": visibility = value
            default:
                throw DomainError.invalid(
                    String(parameter.prefix(64)), "unknown_parameter", "One of name, visibility.")
            }
        }
        guard visibility == "public" || visibility == "private" else {
            throw DomainError.invalid("visibility", "not_a_choice", "One of public, private.")
        }
        let type = request.headers[.contentType]?.lowercased()
        if type?.hasPrefix("multipart/") == true {
            throw DomainError(
                .unsupportedMedia, "bytes_required", "Send the file's bytes as the body, not as a form.",
                hint: "curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg'")
        }
        claimed = type?.hasPrefix("application/x-www-form-urlencoded") == true ? nil : type
        (self.name, isPublic) = (name, visibility == "public")
    }
}

/// `/public/<tenant>/<file>`: public files such as logos, and private ones by an address that was signed for a while.
package struct PublicFileController: Sendable {
    private enum Limit {
        /// Seconds that a cache may keep a public file: the bytes never change, but it may be deleted.
        static let maxAge = 300
    }

    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    static func path(_ tenant: Tenant) -> String { "/public/\(tenant.slug)" }

    package func add(to routes: Routes) {
        routes.open(.get, "/public/{tenant}/{id}", "Download what a shop shows to everybody") { try file($0, $1) }
    }

    private func file(_ request: Request, _ http: ApplianceRequestContext) throws -> Response {
        let (name, id) = (http.parameters.get("tenant") ?? "", http.parameters.get("id") ?? "")
        guard let tenant = services.directory[name] else { throw DomainError.notFound("file") }
        let file = try services.directory.file(tenant.id).read { db in try UploadedFile.find(db, id: id) }
        let isSigned = try isSigned(request, tenant, file)
        guard file.isPublic || isSigned else { throw DomainError.notFound("file") }
        let download = FileDownload(
            file: file, folder: services.data.contents(ofTenant: tenant.id), storage: services.storage)
        return try download.answer(request, maxAge: file.isPublic ? Limit.maxAge : nil)
    }

    private func isSigned(_ request: Request, _ tenant: Tenant, _ file: UploadedFile) throws -> Bool {
        let parameters = try QueryString.parameters(of: request)
        func value(_ name: String) -> String { parameters.first { $0.name == name }?.value ?? "" }
        return services.files.links.opens(
            tenant: tenant.id, file: file.id, expires: value("expires"), signature: value("signature"),
            now: services.time.now())
    }
}

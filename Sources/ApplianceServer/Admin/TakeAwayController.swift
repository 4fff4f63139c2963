import ApplianceCore
import Backups
import CollectionKit
import Foundation
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// Operators take a shop away as a folder, take one in, and copy one to try things in.
struct TakeAwayController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        routes.operator(
            .post, "/api/admin/tenants/{id}/export", "Write a shop to a folder of its own",
            .takes(.text("into", required: true, max: 4000)).gives(.takenAway)
        ) {
            try await export($0)
        }
        routes.operator(
            .post, "/api/admin/tenants/import", "Take a shop in from such a folder",
            .takes(.text("from", required: true, max: 4000), .text("slug", max: 40)).gives(.created, .tenant)
        ) {
            try await importPackage($0)
        }
        routes.operator(
            .post, "/api/admin/tenants/{id}/clone", "Copy a shop, masked, for some days",
            .mayTake(.text("slug", max: 40), .integer("days", in: Tenants.AdoptionLimit.sandboxDays)).gives(
                .created, .tenant)
        ) {
            try await clone($0)
        }
    }

    private var package: TenantPackage {
        TenantPackage(
            Appliance.backupEnvironment(
                appliance.directory, appliance.system, appliance.configuration.data, appliance.storage, appliance.time,
                appliance.logger, appliance.configuration.retention))
    }

    private func tenant(_ context: OperatorRequestContext) throws -> Tenant {
        guard let tenant = appliance.directory[context.http.parameters.get("id") ?? ""] else {
            throw DomainError.notFound("shop")
        }
        return tenant
    }

    /// Folders of this machine are the command line's business, not a browser's.
    private func folder(_ context: OperatorRequestContext, _ path: String) throws -> URL {
        guard context.http.isControl else {
            throw DomainError.forbidden("control_only", "Folders can be named on the command line only.")
        }
        return URL(filePath: path).standardizedFileURL
    }

    private func export(_ context: OperatorRequestContext) async throws -> Response {
        let tenant = try tenant(context)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let into = body.text("into", required: true, max: 4000) ?? ""
        try body.finish()
        let target = try folder(context, into)
        let source = BackupTenant(
            id: tenant.id, slug: tenant.slug, name: tenant.name, record: tenant.record,
            file: appliance.directory.file(tenant.id))
        try await appliance.tenants.record(
            "tenant.export", of: tenant.id, by: context.principal.actor, requestID: context.requestID)
        return try await LongWork.respond(context.request, logger: appliance.logger) { _ in
            let contents = try await appliance.storage.longWork {
                try package.write(source, to: target, clean: CopyCleaning.export)
            }
            return [
                "tenant": .string(tenant.slug), "into": .string(target.path), "files": JSON(contents.files.count),
                "bytes": JSON(contents.bytes), "contentHash": .string(contents.contentHash),
            ]
        }
    }

    private func importPackage(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let from = body.text("from", required: true, max: 4000) ?? ""
        let slug = body.text("slug", max: 40)
        try body.finish()
        let source = try folder(context, from)
        let (actor, requestID) = (context.principal.actor, context.requestID)
        return try await LongWork.respond(context.request, status: .created, logger: appliance.logger) { _ in
            let schema = TenantSchema.schema(appliance.catalog)
            let tenant = try await staged { staged in
                let contents = try await appliance.storage.longWork {
                    let contents = try package.read(source, to: staged, schema: schema)
                    // Whoever was erased here since the package was made stays erased.
                    _ = try appliance.erasures.replay(
                        contents.tenant.id, on: staged.appending(path: "tenant.sqlite"), in: nil)
                    return contents
                }
                return try await appliance.tenants.adopt(
                    staged, as: contents.tenant.record, slug: slug, action: "tenant.import", by: actor,
                    requestID: requestID)
            }
            return tenant.json(at: appliance.time.now())
        }
    }

    private func clone(_ context: OperatorRequestContext) async throws -> Response {
        let source = try tenant(context)
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let slug = body.text("slug", max: 40)
        let days = body.integer("days", in: Tenants.AdoptionLimit.sandboxDays) ?? Tenants.AdoptionLimit.sandboxDefault
        try body.finish()
        let (actor, requestID) = (context.principal.actor, context.requestID)
        let sandbox = Tenants.Sandbox(source: source.id, expiresAt: appliance.time.now().adding(.days(days)))
        return try await LongWork.respond(context.request, status: .created, logger: appliance.logger) { _ in
            let (file, catalog) = (appliance.directory.file(source.id), appliance.catalog)
            let tenant = try await staged { staged in
                try await appliance.storage.longWork {
                    try FileSystem.makeFolder(staged)
                    let database = staged.appending(path: "tenant.sqlite")
                    try file.copy(to: database)
                    try TenantPackage.rewrite(database) { try CopyCleaning.sandbox($0, catalog) }
                    try package.linkContents(namedBy: database, of: source.id, file.schema, to: staged)
                }
                return try await appliance.tenants.adopt(
                    staged, as: source.record, slug: slug, action: "tenant.clone", sandbox: sandbox, by: actor,
                    requestID: requestID)
            }
            return tenant.json(at: appliance.time.now())
                .adding(["sandboxOf": .string(source.id), "expiresAt": JSON(sandbox.expiresAt)])
        }
    }

    /// A folder that is gone afterwards unless it was adopted.
    private func staged(_ body: (URL) async throws -> Tenant) async throws -> Tenant {
        let staged = appliance.tenants.stagingFolder()
        do {
            return try await body(staged)
        } catch {
            try? FileSystem.remove(staged)
            throw error
        }
    }
}

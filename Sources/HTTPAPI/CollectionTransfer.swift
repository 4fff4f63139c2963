import ApplianceCore
import CollectionKit
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage
import Synchronization
import Tenancy

/// In what form many records leave.
enum ExportFormat {
    case csv, ndjson

    /// Nil for anything else, which gets the page as JSON.
    init?(accept: String) {
        if accept.contains("text/csv") {
            self = .csv
        } else if accept.contains("application/x-ndjson") {
            self = .ndjson
        } else {
            return nil
        }
    }
}

/// Whole collections in and out as CSV or NDJSON.
struct CollectionTransfer: Sendable {
    private let services: HTTPServices

    init(_ services: HTTPServices) { self.services = services }

    /// `POST …/import?map=COLUMN=FIELD&set=FIELD=VALUE&upsert=FIELD`: received to a file first, then one transaction.
    func importFile(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        let options = try Self.options(context.request)
        if options.upsert != nil { try context.require(.update, collection) }
        let format = try Self.format(context.request)
        guard format == .csv || options.map.isEmpty && options.constants.isEmpty else {
            throw DomainError.invalid("map", "csv_only", "map and set are for CSV; lines of JSON name their fields.")
        }
        let file = try await RequestBodies.file(context.request, in: services.data)
        let (targets, change, database) = (services.targets(context), services.recordContext(context), context.database)
        let view = context.principal.view(of: collection)
        let key = try await importKey(context, file)
        // Lines of progress begin before the work: what is kept already is known then, what another request is doing
        // just now is not.
        let isReplay = Mutex(try database.read { db in try key?.kept(db, now: change.now) } != nil)
        var response = try await LongWork.respond(context.request, logger: services.logger) { progress in
            defer { try? FileSystem.remove(file) }
            @Sendable func take(_ db: Database) throws -> JSON {
                var work = try RecordImport(view, targets, options, change)
                return try work.run(db, file: file, format: format, progress: progress).json
            }
            guard let key else { return try await database.write(alone: true) { db in try take(db) } }
            let kept = try await key.write(database, now: change.now, alone: true) { db in
                try .init(status: 200, location: nil, etag: nil, body: take(db).bytes)
            }
            isReplay.withLock { $0 = kept.isReplay }
            return try JSONParser.parse(kept.answer.body)
        }
        if isReplay.withLock({ $0 }) { response.headers[.idempotentReplayed] = "true" }
        return response
    }

    /// The same file again is the same request.
    private func importKey(_ context: TenantRequestContext, _ file: URL) async throws -> Idempotency? {
        guard context.request.headers[.idempotencyKey] != nil else { return nil }
        let digest = try await services.storage.longWork { try Digest.ofFile(file) }
        return try IdempotentAnswer.key(context, body: digest)
    }

    private static func format(_ request: Request) throws -> ImportFormat {
        switch request.headers[.contentType]?.split(separator: ";").first?.lowercased() {
        case "text/csv": return .csv
        case "application/x-ndjson": return .ndjson
        default:
            throw DomainError(
                .unsupportedMedia, "csv_required", "Send the file as text/csv or application/x-ndjson.")
        }
    }

    private static func options(_ request: Request) throws -> ImportOptions {
        var options = ImportOptions()
        for (name, value) in try QueryString.parameters(of: request) {
            let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch name {
            case "map" where parts.count == 2: options.map.append((column: parts[0], field: parts[1]))
            case "set" where parts.count == 2: options.constants.append((field: parts[0], value: parts[1]))
            case "upsert": options.upsert = value
            default:
                throw DomainError.invalid(
                    String(name.prefix(64)), "unknown_parameter",
                    "One of map=COLUMN=FIELD, set=FIELD=VALUE, upsert=FIELD.")
            }
        }
        return options
    }

    /// Writes the file first and sends it then: the read transaction ends whatever the client's speed.
    func export(
        _ context: TenantRequestContext, _ query: ListQuery, _ past: PastState?, name: String, _ format: ExportFormat
    ) -> Response {
        let (data, database, logger) = (services.data, past?.database ?? context.database, services.logger)
        let body = ResponseBody { writer in
            let url = data.scratchURL(".csv")
            defer { try? FileSystem.remove(url) }
            do {
                try await database.readLong { db in
                    var file = try AtomicFile(url)
                    switch format {
                    case .csv: try RecordExport(query).run(db) { try file.write($0) }
                    case .ndjson: try query.exportLines(db) { try file.write($0) }
                    }
                    try file.publish()
                }
                withExtendedLifetime(past) {}
            } catch {
                // The status line is out already: a cut body is the only way left to say that it failed.
                logger.error("export failed", metadata: [LogKey.error: "\(error)"])
                throw error
            }
            let reader = try FileReader(url)
            while case let chunk = try reader.next(), !chunk.isEmpty {
                try await writer.write(ByteBuffer(bytes: chunk))
            }
            try await writer.finish(nil)
        }
        var response = Response(status: .ok, body: body)
        let (type, ending) =
            switch format {
            case .csv: ("text/csv; charset=utf-8", "csv")
            case .ndjson: ("application/x-ndjson", "ndjson")
            }
        response.headers[.contentType] = type
        response.headers[.contentDisposition] = "attachment; filename=\"\(name).\(ending)\""
        return response
    }
}

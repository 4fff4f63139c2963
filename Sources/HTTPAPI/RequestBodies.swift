package import ApplianceCore
package import Foundation
import HTTPTypes
package import Hummingbird
import NIOCore
package import Storage

/// Bodies of requests, each with its limit.
package enum RequestBodies {
    package enum Limit {
        /// A JSON body.
        static let json = 1 << 20
        /// A file to import.
        package static let upload: Int64 = 2 << 30
    }

    /// A JSON body; 415 for another content type.
    package static func json(_ request: Request) async throws -> JSON {
        guard let type = request.headers[.contentType], isJSON(type) else {
            throw DomainError(.unsupportedMedia, "json_required", "Send the body as application/json.")
        }
        let buffer = try await request.body.collect(upTo: Limit.json)
        return try parse(Array(buffer.readableBytesView))
    }

    private static func isJSON(_ field: String) -> Bool {
        // As nearly everybody writes it; taking the text apart costs more than the rest of a small body.
        if field == "application/json" { return true }
        let type = field.split(separator: ";").first?.trimmingCharacters(in: .whitespaces).lowercased()
        return type == "application/json" || type == "application/merge-patch+json"
    }

    /// As `json`; an absent body is an empty object.
    package static func optionalJSON(_ request: Request) async throws -> JSON {
        if request.headers[.contentType] != nil { return try await json(request) }
        guard try await request.body.collect(upTo: 0).readableBytes == 0 else {
            throw DomainError.malformed("malformed", "Unexpected body.")
        }
        return [:]
    }

    private static func parse(_ bytes: [UInt8]) throws -> JSON {
        do {
            return try JSONParser.parse(bytes)
        } catch {
            throw DomainError.malformed("json_malformed", "\(error.message) (byte \(error.offset)).")
        }
    }

    /// Receives the body into a file of its own, which the caller removes.
    package static func file(_ request: Request, in data: DataDirectory) async throws -> URL {
        let url = data.scratchURL(".upload")
        guard FileManager.default.createFile(atPath: url.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else {
            throw DomainError.unavailable("storage_failed", "The upload could not be stored.")
        }
        do {
            let handle = try FileHandle(forWritingTo: url)
            defer { try? handle.close() }
            var size: Int64 = 0
            for try await buffer in request.body {
                size += Int64(buffer.readableBytes)
                guard size <= Limit.upload else {
                    throw DomainError(.tooLarge, "body_too_large", "At most \(Limit.upload >> 20) MiB.")
                }
                try handle.write(contentsOf: Data(buffer.readableBytesView))
            }
            return url
        } catch let error as CocoaError where error.code == .fileWriteOutOfSpace {
            try? FileSystem.remove(url)
            throw DomainError(.storageFull, "storage_full", "The disk is full.")
        } catch {
            try? FileSystem.remove(url)
            throw error
        }
    }
}

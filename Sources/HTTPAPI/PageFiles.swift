import ApplianceCore
package import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import Synchronization

/// The admin page: the files of `web/`, held in memory, each with its type, its ETag and a compressed form.
package struct PageFiles: Sendable {
    private final class File: Sendable {
        let bytes: [UInt8]
        let type: String
        let etag: String
        /// Made when it is first asked for, not before the server can answer.
        private let packed = Mutex<[UInt8]?>(nil)

        init(_ bytes: [UInt8], type: String) {
            (self.bytes, self.type, etag) = (bytes, type, "\"\(Digest.of(bytes).prefix(32))\"")
        }

        /// Nil where compression gains nothing.
        var compressed: [UInt8]? {
            let packed = packed.withLock { packed in
                if packed == nil { packed = (try? Gzip.compressed(bytes, level: 9)) ?? bytes }
                return packed
            }
            return packed.flatMap { $0.count < bytes.count ? $0 : nil }
        }
    }

    private let files: [String: File]

    package init(_ files: [(path: String, content: Data)]) {
        self.files = Dictionary(
            files.map { ($0.path, File(Array($0.content), type: Self.type($0.path))) },
            uniquingKeysWith: { first, _ in first })
    }

    private static func type(_ path: String) -> String {
        switch path.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "json", "webmanifest": "application/json"
        default: "application/octet-stream"
        }
    }

    package func add(to routes: Routes) {
        routes.open(.get, "/", "The admin page") { _, _ in
            Response(status: .seeOther, headers: [.location: "/admin"])
        }
        routes.open(.get, "/admin", "The admin page") { request, _ in try answer("index.html", request) }
        routes.open(.get, "/admin/**", "Files of the admin page") { request, context in
            try answer(context.parameters.getCatchAll().joined(separator: "/"), request)
        }
    }

    /// Only names that were embedded exist: no path of the request ever reaches the file system.
    private func answer(_ path: String, _ request: Request) throws -> Response {
        guard let file = files[path] else { throw DomainError.notFound("file") }
        let headers: HTTPFields = [
            .eTag: file.etag, .cacheControl: "no-cache", .contentType: file.type, .vary: "Accept-Encoding",
        ]
        if request.headers[.ifNoneMatch]?.contains(file.etag) == true {
            return Response(status: .notModified, headers: headers)
        }
        var response = Response(status: .ok, headers: headers)
        if Answer.acceptsGzip(request), let compressed = file.compressed {
            response.headers[.contentEncoding] = "gzip"
            response.body = .init(byteBuffer: ByteBuffer(bytes: compressed))
        } else {
            response.body = .init(byteBuffer: ByteBuffer(bytes: file.bytes))
        }
        return response
    }
}

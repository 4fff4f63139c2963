package import ApplianceCore
package import HTTPTypes
package import Hummingbird
import NIOCore
import Storage

/// Answers in the forms that the API has.
package enum Answer {
    private enum Limit {
        /// Below this, compressing costs more than it saves.
        static let compressed = 1024
        /// Fast: answers are made per request.
        static let level: Int32 = 1
    }

    package static func json(_ json: JSON, status: HTTPResponse.Status = .ok, for request: Request? = nil) -> Response {
        bytes(json.bytes, type: "application/json", status: status, for: request)
    }

    package static func bytes(
        _ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok, for request: Request? = nil
    ) -> Response {
        plain(bytes, type: type, status: status, for: request).response
    }

    /// gzip where `request` asks for it and it pays.
    static func plain(
        _ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok, for request: Request? = nil
    ) -> PlainAnswer {
        var answer = PlainAnswer(status: status, fields: [HTTPField(name: .contentType, value: type)], body: bytes)
        if let request, bytes.count >= Limit.compressed, acceptsGzip(request),
            let compressed = try? Gzip.compressed(bytes, level: Limit.level)
        {
            answer.fields.append(HTTPField(name: .contentEncoding, value: "gzip"))
            answer.fields.append(HTTPField(name: .vary, value: "Accept-Encoding"))
            answer.body = compressed
        }
        return answer
    }

    package static var noContent: Response { Response(status: .noContent) }

    static func acceptsGzip(_ request: Request) -> Bool {
        guard let accepted = request.headers[.acceptEncoding], accepted.utf8.count <= 1000 else { return false }
        return accepted.split(separator: ",").contains { part in
            let words = part.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            return words.first == "gzip" && !words.contains("q=0") && !words.contains("q=0.0")
        }
    }

    /// A record's version as a strong validator.
    static func etag(_ version: Int64) -> String { "\"\(version)\"" }

    static func etagField(_ version: Int64) -> HTTPField { HTTPField(name: .eTag, value: etag(version)) }

    /// The version that `If-Match` names; nil without the header or for `*`, -1 (which no record has) for another tag.
    static func ifMatch(_ request: Request) -> Int64? {
        request.headers[.ifMatch].flatMap { version(ofTag: $0) }
    }

    static func version(ofTag tag: String) -> Int64? {
        tag == "*" ? nil : Int64(tag.filter { $0 != "\"" }) ?? -1
    }

    static func isNotModified(_ request: Request, _ version: Int64) -> Bool {
        guard let tags = request.headers[.ifNoneMatch], tags.utf8.count <= 1000 else { return false }
        return tags.split(separator: ",").contains { tag in
            let clean = tag.filter { $0 != " " }
            return clean == "*" || clean.replacing("W/", with: "") == etag(version)
        }
    }
}

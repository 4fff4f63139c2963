import ApplianceCore
import CollectionKit
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Storage

/// Sends an uploaded file, whole or a range of it (RFC 9110 §14), so that nothing in it can run as a part of the page:
/// its type is not guessed, it is in a sandbox without origin, and but for pictures, PDF and text it is only saved.
struct FileDownload: Sendable {
    let file: UploadedFile
    let folder: ContentFolder
    let storage: StorageServices

    private static let policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

    private var etag: String { "\"\(file.content.sha256.prefix(32))\"" }

    /// `maxAge` in seconds for shared caches; nil for what only the person may keep.
    func answer(_ request: Request, maxAge: Int?) throws -> Response {
        var headers: HTTPFields = [
            .eTag: etag, .acceptRanges: "bytes", .contentSecurityPolicy: Self.policy,
            .cacheControl: maxAge.map { "public, max-age=\($0)" } ?? "private, no-cache",
        ]
        if maxAge != nil { headers[.resourcePolicy] = "cross-origin" }
        if isUnchanged(request) { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = file.type == "text/plain" ? "text/plain; charset=utf-8" : file.type
        headers[.contentDisposition] = disposition
        guard folder.has(file.content) else {
            throw DomainError.unavailable(
                "file_missing", "The bytes of this file are missing.",
                hint: "appliance restore --tenant SLUG brings them back.", cause: "no content \(file.content.sha256)")
        }
        switch ByteRange(request, etag: etag, size: file.content.bytes) {
        case .whole: return response(.ok, headers, 0..<file.content.bytes)
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.content.bytes)"
            return response(.partialContent, headers, range)
        case .impossible:
            headers[.contentRange] = "bytes */\(file.content.bytes)"
            headers[.contentType] = nil
            headers[.contentDisposition] = nil
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
    }

    private func isUnchanged(_ request: Request) -> Bool {
        guard let tags = request.headers[.ifNoneMatch], tags.utf8.count <= 1000 else { return false }
        return tags.split(separator: ",").contains { tag in
            let clean = tag.filter { $0 != " " }
            return clean == "*" || clean.replacing("W/", with: "") == etag
        }
    }

    /// The name twice: for those who know RFC 6266's extended form, and in ASCII for others.
    private var disposition: String {
        let plain = String(file.name.map { $0.isASCII && $0 != "\"" && $0 != "\\" && $0 != "%" ? $0 : "_" })
        let encoded = file.name.utf8.map { byte -> String in
            let isPlain = byte.isASCIIDigit || (0x41...0x5A).contains(byte & 0xDF) || [0x2D, 0x2E, 0x5F].contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count < 2 ? "0" : "") + digits
        }
        let kind = FileKind.isShown(file.type) ? "inline" : "attachment"
        return "\(kind); filename=\"\(plain)\"; filename*=UTF-8''\(encoded.joined())"
    }

    private func response(_ status: HTTPResponse.Status, _ headers: HTTPFields, _ range: Range<Int64>) -> Response {
        let (url, storage) = (folder.url(file.content.sha256), storage)
        let body = ResponseBody(contentLength: Int(clamping: range.upperBound - range.lowerBound)) { writer in
            var position = range.lowerBound
            while position < range.upperBound {
                let (start, end) = (position, min(range.upperBound, position + Self.chunk))
                // A disk that takes its time keeps no other task from running.
                let bytes = try await storage.longWork { try Self.read(url, start..<end) }
                guard !bytes.isEmpty else { throw DomainError.internal("an uploaded file is shorter than it was") }
                try await writer.write(ByteBuffer(bytes: bytes))
                position += Int64(bytes.count)
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }

    private static let chunk: Int64 = 256 << 10

    private static func read(_ url: URL, _ range: Range<Int64>) throws -> [UInt8] {
        let reader = try FileReader(url, from: range.lowerBound)
        return try [UInt8](unsafeUninitializedCapacity: Int(range.upperBound - range.lowerBound)) { buffer, count in
            count = try reader.fill(UnsafeMutableRawBufferPointer(buffer))
        }
    }
}

/// What a request wants of a file's bytes. Several ranges at once, and units but bytes, get the whole.
enum ByteRange: Equatable {
    case whole
    case part(Range<Int64>)
    case impossible

    init(_ request: Request, etag: String, size: Int64) {
        self = .whole
        guard let field = request.headers[.range] else { return }
        // A range of another version than this makes no sense.
        if let condition = request.headers[.ifRange], condition != etag { return }
        self = ByteRange(field, size: size)
    }

    init(_ field: String, size: Int64) {
        self = .whole
        guard field.utf8.count <= 100, field.hasPrefix("bytes=") else { return }
        let parts = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let first = parts.first, let last = parts.last,
            let start = Self.number(first), let end = Self.number(last)
        else { return }
        switch (start, end) {
        case (let start?, let end?) where start <= end:
            self = start < size ? .part(start..<min(size, end + 1)) : .impossible
        case (let start?, nil): self = start < size ? .part(start..<size) : .impossible
        case (nil, let count?): self = count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .impossible
        default: return
        }
    }

    /// Nil for what is no number; nil inside for nothing.
    private static func number(_ text: String) -> Int64?? {
        if text.isEmpty { return .some(nil) }
        guard text.utf8.count <= 15, text.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        return Int64(text).map { .some($0) }
    }
}

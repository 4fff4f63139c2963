import ApplianceCore
package import Foundation

/// The bytes of an uploaded file, called by their SHA-256: the same bytes are the same content, whoever uploads them.
package struct Content: Codable, Hashable, Sendable {
    package enum Limit {
        /// Keeps sums of a hostile file from overflowing.
        static let bytes: Int64 = 1 << 42
    }

    /// 64 lower-case hexadecimal digits.
    package let sha256: String
    package let bytes: Int64

    package init(sha256: String, bytes: Int64) { (self.sha256, self.bytes) = (sha256, bytes) }

    /// It becomes the name of a file, and may come from a stranger's database or manifest.
    package var isSafe: Bool { Self.isName(sha256) && (0...Limit.bytes).contains(bytes) }

    package static func isName(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }
}

/// A folder of contents, each under the SHA-256 of its bytes: `files/` of a tenant, and its copies among the backups.
///
/// A content is published whole and never written again. What lies there without being named by a row is kept as long
/// as a restore may bring such a row back (`ContentSweep`).
package struct ContentFolder: Sendable {
    package let url: URL

    package init(_ url: URL) { self.url = url }

    package func url(_ sha256: String) -> URL { url.appending(path: sha256) }

    /// Whether there is a file of the right size: what a listing shows.
    package func has(_ content: Content) -> Bool {
        FileSystem.isOrdinaryFile(url(content.sha256)) && FileSystem.size(url(content.sha256)) == content.bytes
    }

    /// Reads every byte. What is wrong, as the end of "it …"; nil when nothing is.
    package func fault(_ content: Content) -> String? {
        guard FileSystem.exists(url(content.sha256)) else { return "is missing" }
        guard has(content) else { return "has not \(content.bytes) bytes" }
        guard let digest = try? Digest.ofFile(url(content.sha256)) else { return "cannot be read" }
        return digest == content.sha256 ? nil : "does not have its SHA-256"
    }

    /// A file that grows here until it is known by its content.
    package func begin() throws -> AtomicFile {
        try FileSystem.makeFolder(url)
        return try AtomicFile(url.appending(path: "upload"))
    }

    /// Copies a content from another folder; every byte is compared on the way. Throws `content_damaged`.
    package func copy(_ content: Content, from source: ContentFolder) throws {
        try FileSystem.makeFolder(url)
        guard source.has(content) else { throw Self.damaged(content, source.fault(content) ?? "has changed") }
        let reader = try FileReader(source.url(content.sha256))
        var file = try AtomicFile(url(content.sha256))
        var digest = Digest()
        while case let part = try reader.next(), !part.isEmpty {
            digest.update(part)
            try file.write(part)
        }
        guard digest.hexadecimal() == content.sha256 else {
            throw Self.damaged(content, "does not have its SHA-256")
        }
        try file.publish()
    }

    /// Gives the content a second name here, or copies it where the file system has no such names. Not durable before
    /// the folder is synced.
    package func link(_ content: Content, from source: ContentFolder) throws {
        let (from, to) = (source.url(content.sha256), url(content.sha256))
        if Foundation.link(from.path, to.path) == 0 || errno == EEXIST { return }
        try copy(content, from: source)
    }

    /// The names of all that lies here, and nothing else: no temporary file, no list.
    package func names() throws -> [String] {
        guard FileSystem.exists(url) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: url.path).filter(Content.isName).sorted()
    }

    private static func damaged(_ content: Content, _ reason: String) -> DomainError {
        .conflict("content_damaged", "The uploaded file \(content.sha256) \(reason).")
    }
}

extension DataDirectory {
    package func contents(ofTenant id: String) -> ContentFolder {
        ContentFolder(tenant(id).appending(path: Self.contentsName))
    }

    /// Beside `tenant.sqlite`.
    package static let contentsName = "files"
}

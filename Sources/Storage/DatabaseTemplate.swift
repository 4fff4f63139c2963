import Crypto
package import Foundation
import Synchronization

/// The whole content of a new database, from which many files begin: a new shop costs one small file, and not a run of
/// migrations. Its change log begins with the same bytes each time, compressed once.
package final class DatabaseTemplate: Sendable {
    /// What a base of the change log holds behind its head.
    struct Payload: Sendable {
        let bytes: [UInt8]
        let digest: [UInt8]
    }

    private enum Limit {
        static let bytes = 64 << 20
    }

    let bytes: [UInt8]
    private let packed = Mutex<Payload?>(nil)

    /// Makes one in `scratch`, which is gone afterwards.
    package init(schema: DatabaseSchema, scratch: URL) throws {
        defer { try? FileSystem.remove(scratch) }
        try DatabaseFile.create(scratch, schema: schema)
        bytes = try FileReader.contents(scratch, limit: Limit.bytes)
    }

    func payload() throws -> Payload {
        try packed.withLock { packed in
            if let packed { return packed }
            var payload: [UInt8] = []
            var rest: UnsafeRawBufferPointer?
            try bytes.withUnsafeBytes { bytes in
                rest = bytes
                try LogPacker().pack(
                    source: {
                        defer { rest = nil }
                        return rest ?? UnsafeRawBufferPointer(start: nil, count: 0)
                    }, sink: { payload.append(contentsOf: $0) })
            }
            let made = Payload(bytes: payload, digest: Array(SHA256.hash(data: payload)))
            packed = made
            return made
        }
    }
}

extension DatabaseFile {
    /// Puts a copy of `template` where nothing is yet, in a folder that exists. The content is on disk when it returns,
    /// its name with the next `syncNames`: the file may be used meanwhile.
    package func begin(from template: DatabaseTemplate) throws {
        var file = try AtomicFile(url)
        try file.write(template.bytes)
        try file.place()
        log?.didBegin(from: template)
    }

    /// Makes the file durable under its name, and its folder.
    package func syncNames() throws {
        let folder = url.deletingLastPathComponent()
        try FileSystem.syncFolder(folder)
        try FileSystem.syncFolder(folder.deletingLastPathComponent())
    }
}

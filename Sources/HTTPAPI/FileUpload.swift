import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import Synchronization
import Tenancy

/// An upload on its way to the disk: hashed and written as it arrives, in the memory of a few buffers.
final class FileUpload: Sendable {
    private struct State: ~Copyable {
        var file: AtomicFile
        var digest = Digest()
        var head: [UInt8] = []
    }

    private enum Limit {
        /// Between two looks at how much room the disk still has.
        static let bytesPerLook: Int64 = 16 << 20
    }

    private let folder: ContentFolder
    private let limits: FileServices.Limits
    private let state: Mutex<State>

    init(_ folder: ContentFolder, _ limits: FileServices.Limits) throws {
        (self.folder, self.limits) = (folder, limits)
        state = Mutex(State(file: try folder.begin()))
    }

    /// Takes the whole body. Throws `file_too_large`, or `storage_full` before the disk is.
    func receive(_ request: Request) async throws -> (content: Content, head: [UInt8]) {
        let announced = request.headers[.contentLength].flatMap { Int64($0) } ?? 0
        try check(size: announced, coming: announced)
        var nextLook = Limit.bytesPerLook
        for try await buffer in request.body {
            let size = try take(buffer)
            try check(size: size, coming: size >= nextLook ? Limit.bytesPerLook : nil)
            if size >= nextLook { nextLook = size + Limit.bytesPerLook }
        }
        return state.withLock { state in
            let content = Content(sha256: state.digest.hexadecimal(), bytes: state.digest.count)
            return (content, state.head)
        }
    }

    private func take(_ buffer: ByteBuffer) throws -> Int64 {
        try state.withLock { state in
            try buffer.withUnsafeReadableBytes { bytes in
                let wanted = FileKind.Limit.head - state.head.count
                if wanted > 0 { state.head += bytes.prefix(wanted) }
                state.digest.update(bytes)
                try state.file.write(bytes)
            }
            return state.digest.count
        }
    }

    private func check(size: Int64, coming: Int64?) throws {
        guard size <= limits.fileBytes else {
            throw DomainError(.tooLarge, "file_too_large", "A file may have \(limits.fileBytes >> 20) MiB at most.")
        }
        guard let coming, FileSystem.freeBytes(folder.url) - coming < limits.diskFloor else { return }
        throw DomainError(
            .storageFull, "storage_full", "The disk has no room for uploads.", hint: "Ask the operator to free some.")
    }

    /// The bytes are on disk under their sum when this returns. Blocks for a sync.
    func publish(_ content: Content) throws {
        try state.withLock { try $0.file.publish(as: content.sha256) }
    }
}

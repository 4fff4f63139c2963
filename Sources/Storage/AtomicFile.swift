import ApplianceCore
package import Foundation

/// The one way a file appears under its name: written beside the target, synced, renamed, folder synced. A crash at any
/// instant leaves the old file or the new one. Nothing else writes below `backups/`.
package struct AtomicFile: ~Copyable {
    package private(set) var target: URL
    private let temporary: URL
    private let descriptor: Int32
    private var isPublished = false
    private var behind = WriteBehind()

    /// Creates the temporary file (mode 0600) in the target's folder.
    package init(_ target: URL) throws {
        self.target = target
        temporary = target.deletingLastPathComponent()
            .appending(path: ".\(target.lastPathComponent).\(Random.token(bytes: 6)).tmp")
        descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FileSystem.privateFile)
        guard descriptor >= 0 else { throw FileSystem.failure("create", temporary) }
    }

    deinit {
        close(descriptor)
        if !isPublished { unlink(temporary.path) }
    }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try FileSystem.write(bytes, to: descriptor, temporary)
        try behind.didWrite(bytes.count, to: descriptor, temporary)
    }

    package mutating func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    /// Puts `bytes` over what was written at `offset`: a head with sums of what follows it.
    func overwrite(_ bytes: [UInt8], at offset: Int64) throws {
        guard pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw FileSystem.failure("write", temporary)
        }
    }

    /// Makes the content durable under the target's name, replacing what was there.
    package mutating func publish() throws {
        try place()
        try FileSystem.syncFolder(target.deletingLastPathComponent())
    }

    /// As `publish`, but for the folder, which is left to be synced.
    mutating func place() throws {
        guard fsync(descriptor) == 0 else { throw FileSystem.failure("sync", temporary) }
        guard rename(temporary.path, target.path) == 0 else { throw FileSystem.failure("rename", temporary) }
        isPublished = true
    }

    /// As `publish`, under another name of the same folder: one that only the whole content tells.
    package mutating func publish(as name: String) throws {
        target = target.deletingLastPathComponent().appending(path: name)
        try publish()
    }

    package static func publish(_ bytes: [UInt8], to target: URL) throws {
        var file = try AtomicFile(target)
        try file.write(bytes)
        try file.publish()
    }
}

package import ApplianceCore
import CAppliance
package import Foundation

/// The POSIX calls that decide whether a file is on disk. Failures carry `errno`'s text in `cause`, never in `message`.
package enum FileSystem {
    static let privateFile: mode_t = 0o600
    static let privateFolder: mode_t = 0o700

    /// Makes a folder (0700) in one that exists. Its name is durable once that one is synced.
    package static func makeFolderUnsynced(_ url: URL) throws {
        guard mkdir(url.path, privateFolder) == 0 else { throw failure("make", url) }
    }

    /// Makes a folder (0700) and those above it that are missing, each durable in the folder that holds it: a snapshot
    /// below a `snapshots` that a power loss takes away would be lost with it. One that exists is fine; false says that
    /// it did, and who made it may have died before it was durable.
    @discardableResult
    package static func makeFolder(_ url: URL) throws -> Bool {
        let parent = url.deletingLastPathComponent()
        if mkdir(url.path, privateFolder) == 0 {
            try syncFolder(parent)
            return true
        }
        switch errno {
        case EEXIST where status(url).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false: return false
        case ENOENT where parent.path != url.path:
            try makeFolder(parent)
            guard mkdir(url.path, privateFolder) == 0 || errno == EEXIST else { throw failure("make", url) }
            try syncFolder(parent)
            return true
        case let code: throw failure("make", url, code: code)
        }
    }

    package static func exists(_ url: URL) -> Bool { access(url.path, F_OK) == 0 }

    /// False also for a folder, a socket and the like.
    static func isOrdinaryFile(_ url: URL) -> Bool { status(url).map { $0.st_mode & S_IFMT == S_IFREG } ?? false }

    /// 0 when there is no such file.
    package static func size(_ url: URL) -> Int64 { status(url).map { Int64($0.st_size) } ?? 0 }

    package static func status(_ url: URL) -> stat? {
        var status = stat()
        return stat(url.path, &status) == 0 ? status : nil
    }

    /// Bytes that the file system of `url` can still take from an ordinary user.
    package static func freeBytes(_ url: URL) -> Int64 {
        var status = statvfs()
        guard statvfs(url.path, &status) == 0 else { return 0 }
        return Int64(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
    }

    /// Makes the names in a folder durable: after a rename or a link, nothing is on disk before this.
    package static func syncFolder(_ url: URL) throws {
        let descriptor = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open the folder", url) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync the folder", url) }
    }

    package static func syncFile(_ url: URL) throws {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", url) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", url) }
    }

    /// Renames and makes both folders durable.
    package static func move(_ source: URL, to target: URL) throws {
        guard rename(source.path, target.path) == 0 else { throw failure("rename", source) }
        try syncFolder(target.deletingLastPathComponent())
        if source.deletingLastPathComponent() != target.deletingLastPathComponent() {
            try syncFolder(source.deletingLastPathComponent())
        }
    }

    /// Exchanges two entries of one file system in a single step, so that a crash leaves one or the other.
    package static func exchange(_ a: URL, _ b: URL) throws {
        guard cappliance_rename_exchange(a.path, b.path) == 0 else { throw failure("exchange", a) }
        try syncFolder(a.deletingLastPathComponent())
        if a.deletingLastPathComponent() != b.deletingLastPathComponent() {
            try syncFolder(b.deletingLastPathComponent())
        }
    }

    /// Removes a file or a folder with all in it; absent is fine.
    package static func remove(_ url: URL) throws {
        do {
            try FileManager.default.removeItem(at: url)
        } catch CocoaError.fileNoSuchFile {
            return
        }
    }

    /// All of `bytes`, at the descriptor's place in the file at `url`.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ url: URL) throws {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let written = Foundation.write(descriptor, base, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw failure("write", url)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    package static func failure(_ action: String, _ url: URL, code: Int32 = errno) -> DomainError {
        let cause = "cannot \(action) \(url.path): \(String(cString: strerror(code)))"
        return switch code {
        case ENOSPC, EDQUOT:
            DomainError(.storageFull, "storage_full", "The disk is full.", hint: "Free some space.", cause: cause)
        case EROFS:
            .unavailable(DomainError.readOnlyCode, "The disk is read-only.", cause: cause)
        default:
            .unavailable("storage_failed", "The disk could not be read or written.", cause: cause)
        }
    }
}

extension Instant {
    init(_ time: timespec) { self.init(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000) }
}

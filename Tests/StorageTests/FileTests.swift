import ApplianceCore
import Foundation
import Testing

@testable import Storage

struct FileTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage() }

    @Test func `a published file replaces the old one and belongs to us alone`() async throws {
        let target = storage.url("manifest.json")
        try AtomicFile.publish(Array("old".utf8), to: target)
        try AtomicFile.publish(Array("new".utf8), to: target)
        #expect(try contents(target) == Array("new".utf8))
        #expect(names(in: storage.folder) == ["manifest.json"])
        #expect(try #require(FileSystem.status(target)).st_mode & 0o777 == 0o600)
    }

    @Test func `a file that was not published leaves the old one and nothing else`() async throws {
        let target = storage.url("manifest.json")
        try AtomicFile.publish(Array("old".utf8), to: target)
        do {
            var file = try AtomicFile(target)
            try file.write(Array("half".utf8))
            #expect(names(in: storage.folder).count == 2)
            #expect(try contents(target) == Array("old".utf8))
        }
        #expect(names(in: storage.folder) == ["manifest.json"])
        #expect(try contents(target) == Array("old".utf8))
    }

    @Test func `a failed publication leaves no temporary file`() async throws {
        // A folder with something in it cannot be replaced by a file.
        let target = storage.url("folder")
        try FileSystem.makeFolder(target.appending(path: "inside"))
        let error = await refusal { try AtomicFile.publish([1], to: target) }
        #expect(error?.code == "storage_failed")
        #expect(error?.message.contains(storage.folder.path) == false)
        #expect(error?.cause?.contains(storage.folder.path) == true)
        #expect(names(in: storage.folder) == ["folder"])
        #expect(await refusal { try AtomicFile.publish([1], to: storage.url("none/file")) } != nil)
        #expect(names(in: storage.folder) == ["folder"])
    }

    @Test func `a second lock on a data folder is refused until the first is gone`() async throws {
        let directory = DataDirectory(storage.folder)
        do {
            let lock = try DataDirectoryLock(directory)
            let error = await refusal { _ = try DataDirectoryLock(directory) }
            #expect(error?.code == "data_in_use")
            #expect(error?.category == .conflict)
            withExtendedLifetime(lock) {}
        }
        _ = try DataDirectoryLock(directory)
    }

    @Test func `preparing a data folder empties the scratch folder only`() async throws {
        let directory = DataDirectory(storage.url("data"))
        try directory.prepare()
        try AtomicFile.publish([1], to: directory.scratchURL(".sqlite"))
        try AtomicFile.publish([1], to: directory.tenants.appending(path: "kept"))
        try AtomicFile.publish([1], to: directory.undo.appending(path: "kept"))
        try directory.prepare()
        #expect(names(in: directory.root) == ["scratch", "tenants", "undo"])
        #expect(names(in: directory.scratch) == [])
        #expect(names(in: directory.tenants) + names(in: directory.undo) == ["kept", "kept"])
        #expect(try #require(FileSystem.status(directory.root)).st_mode & 0o777 == 0o700)
    }

    @Test func `two entries are exchanged in one step`() async throws {
        let (a, b) = (storage.url("a"), storage.url("b"))
        try FileSystem.makeFolder(a)
        try AtomicFile.publish([1], to: a.appending(path: "one"))
        try AtomicFile.publish([2], to: b)
        try FileSystem.exchange(a, b)
        #expect(names(in: b) == ["one"])
        #expect(try contents(a) == [2])
        #expect(throws: DomainError.self) { try FileSystem.exchange(a, storage.url("none")) }
    }

    @Test func `a file is read within its limit and not through a link`() async throws {
        let target = storage.url("file")
        let bytes = Random.bytes(600_000)
        try AtomicFile.publish(bytes, to: target)
        #expect(try FileReader.contents(target, limit: bytes.count) == bytes)
        #expect(
            await refusal { _ = try FileReader.contents(target, limit: bytes.count - 1) }?.code == "file_too_large")
        try FileManager.default.createSymbolicLink(at: storage.url("link"), withDestinationURL: target)
        #expect(throws: DomainError.self) { try FileReader(storage.url("link")) }
        #expect(FileSystem.size(storage.url("none")) == 0)
        try FileSystem.remove(storage.url("none"))
    }

    @Test func `digests are SHA-256`() {
        // FIPS 180-4, example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Digest.of(Array("abc".utf8)) == expected)
        var digest = Digest()
        for byte in Array("abc".utf8) { withUnsafeBytes(of: byte) { digest.update($0) } }
        #expect(digest.hexadecimal() == expected)
        #expect(digest.count == 3)
    }
}

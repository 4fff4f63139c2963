import ApplianceCore
import Foundation
import Testing

@testable import Storage

/// Uploaded bytes under their SHA-256, and when they may go.
struct ContentTests {
    private func withFolder(_ body: (ContentFolder) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "contents-\(Random.token(bytes: 9))")
        try FileSystem.makeFolder(root)
        defer { try? FileSystem.remove(root) }
        try body(ContentFolder(root.appending(path: "files")))
    }

    private func add(_ text: String, to folder: ContentFolder) throws -> Content {
        let bytes = Array(text.utf8)
        var file = try folder.begin()
        try file.write(bytes)
        let content = Content(sha256: Digest.of(bytes), bytes: Int64(bytes.count))
        try file.publish(as: content.sha256)
        return content
    }

    private let start = Instant("2026-11-21T02:00:00Z") ?? .earliest

    @Test func `what is wrong with a content is told`() throws {
        try withFolder { folder in
            let content = try add("abc", to: folder)
            #expect(folder.fault(content) == nil && folder.has(content))
            #expect(folder.fault(Content(sha256: content.sha256, bytes: 4)) == "has not 4 bytes")
            #expect(folder.fault(Content(sha256: Digest.of([9]), bytes: 1)) == "is missing")
            try AtomicFile.publish(Array("abd".utf8), to: folder.url(content.sha256))
            #expect(folder.fault(content) == "does not have its SHA-256")
            let other = ContentFolder(folder.url.appending(path: "other"))
            #expect(throws: DomainError.self) { try other.copy(content, from: folder) }
            #expect(try other.names().isEmpty)
        }
    }

    @Test(arguments: ["", "..", "a/b", String(repeating: "A", count: 64), String(repeating: "a", count: 63)])
    func `only a sum is the name of a content`(name: String) {
        #expect(!Content(sha256: name, bytes: 1).isSafe)
        #expect(!Content(sha256: String(repeating: "a", count: 64), bytes: -1).isSafe)
    }

    @Test func `an unnamed content goes after the window, not before`() throws {
        try withFolder { folder in
            let (kept, loose) = (try add("kept", to: folder), try add("loose", to: folder))
            func sweep(after days: Int64) throws -> Int {
                try ContentSweep(folder).run(
                    named: [kept.sha256], window: .days(30), now: start.adding(.days(days)))
            }
            #expect(try sweep(after: 0) == 0)
            #expect(try sweep(after: 30) == 0)
            #expect(folder.has(loose))
            #expect(try sweep(after: 31) == 1)
            #expect(!folder.has(loose) && folder.has(kept))
        }
    }

    @Test func `a content that is named again, uploaded again or restored begins anew`() throws {
        try withFolder { folder in
            let content = try add("photo", to: folder)
            func sweep(_ days: Int64, named: Set<String> = []) throws -> Int {
                try ContentSweep(folder).run(named: named, window: .days(30), now: start.adding(.days(days)))
            }
            _ = try sweep(0)
            _ = try sweep(20, named: [content.sha256])
            #expect(try sweep(40) == 0)
            // Uploaded again and deleted again between two sweeps.
            _ = try add("photo", to: folder)
            #expect(try sweep(80) == 0)
            // A restore leaves the list behind.
            try FileSystem.remove(folder.url.appending(path: ContentSweep.list))
            #expect(try sweep(120) == 0)
            #expect(try sweep(151) == 1)
        }
    }

    @Test func `a content whose row is about to be committed stays`() throws {
        try withFolder { folder in
            let (content, pins) = (try add("photo", to: folder), ContentPins())
            let sweep = ContentSweep(folder, pins: pins)
            try sweep.run(named: [], window: .days(30), now: start)
            pins.pin(folder.url(content.sha256))
            #expect(try sweep.run(named: [], window: .days(30), now: start.adding(.days(40))) == 0)
            pins.unpin(folder.url(content.sha256))
            #expect(try sweep.run(named: [], window: .days(30), now: start.adding(.days(40))) == 1)
        }
    }
}

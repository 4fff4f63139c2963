import ApplianceCore
import Synchronization
import Testing

@testable import Storage

struct OpenFilesTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage(openFiles: 3) }

    @Test func `files beyond the bound close and open again by themselves`() async throws {
        let files = try (0..<20).map { try storage.file("\($0).sqlite") }
        for round in 1...3 {
            for file in files {
                try await file.add("\(file.name) \(round)")
                #expect(try file.notes().count == round)
                #expect(storage.services.openFileCount <= 3)
                // Three descriptors of a writer, two of each reader.
                #expect(storage.openDescriptors <= 3 * (3 + 2 * DatabaseFile.Limit.idleReaders))
            }
        }
        #expect(try files.map { try $0.notes().count } == Array(repeating: 3, count: 20))
    }

    @Test func `what was not used for longest is closed first`() async throws {
        let files = try ["a", "b", "c", "d"].map { try storage.file($0) }
        for index in [0, 1, 2, 0, 3] { _ = try files[index].notes() }
        #expect(files.map(Self.isOpen) == [true, false, true, true])
    }

    @Test func `a look at a file leaves it as it was, open or closed`() async throws {
        let file = try storage.file()
        #expect(file.probeAndClose() == nil)
        #expect(!Self.isOpen(file))
        _ = try file.notes()
        #expect(file.probeAndClose() == nil)
        #expect(Self.isOpen(file))
    }

    @Test func `a file at work is not closed`() async throws {
        let busy = try storage.file("busy")
        let (gate, write) = await occupy(busy)
        for number in 0..<9 { _ = try storage.file("\(number)").notes() }
        #expect(Self.isOpen(busy))
        #expect(!busy.closeIfQuiet())
        gate.open()
        try await write.value
        #expect(try busy.notes() == ["first"])
    }

    @Test func `a copy leaves a file open or closed, as it was`() async throws {
        // Now and then one stays open because its thread has not quite let go of it.
        let closed = try (0..<10).filter { number in
            let file = try storage.file("\(number)")
            try file.copy(to: storage.url("\(number) copied"))
            return !file.isOpen
        }
        #expect(!closed.isEmpty)
        let used = try storage.file()
        try await used.add("one")
        try used.copy(to: storage.url("copied"))
        #expect(used.isOpen)
    }

    @Test func `a file is not opened before its first use, and an idle one costs no descriptor`() async throws {
        let file = try storage.file()
        #expect(storage.openDescriptors == 0)
        try await file.add("one")
        #expect(storage.openDescriptors > 0)
        await until { file.closeIfQuiet() }
        #expect(storage.openDescriptors == 0)
        #expect(try file.notes() == ["one"])
    }

    @Test func `many shops at work at once stay within the bound and lose nothing`() async throws {
        let files = try (0..<12).map { try storage.file("\($0).sqlite") }
        try await withThrowingTaskGroup { group in
            for number in 0..<240 {
                let file = files[number % files.count]
                group.addTask {
                    try await file.add("\(number)")
                    _ = try file.notes()
                }
            }
            try await group.waitForAll()
        }
        #expect(try files.map { try $0.notes().count } == Array(repeating: 20, count: 12))
        #expect(storage.services.openFileCount <= 4)
    }

    private static func isOpen(_ file: DatabaseFile) -> Bool {
        file.state.withLock { if case .open = $0.phase { true } else { false } }
    }
}

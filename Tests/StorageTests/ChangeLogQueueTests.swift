import ApplianceCore
import Testing

@testable import Storage

/// Who waits for the change log, and how long.
struct ChangeLogQueueTests {
    private let storage: LoggedStorage

    init() throws { storage = try LoggedStorage() }

    @Test func aFileWaitsOnceHoweverOftenItIsHurried() async throws {
        let file = try storage.file()
        for index in 0..<5 {
            try await file.add("\(index)")
            _ = try file.log?.archiveIfFree(file)
        }
        try await file.add("last")
        // None, where the test itself was held up for so long that the log went on by itself.
        #expect(storage.log.status.waiting <= 1)
    }

    @Test func nobodyWaitsForOneThatIsTriedAgainLater() async throws {
        let (failing, file) = (try storage.file(), try storage.file("other.sqlite"))
        storage.log.enqueue(failing, after: .seconds(600))
        try await file.add("first")
        await until { file.log?.hasEpoch ?? false }
        #expect(storage.log.status.waiting == 1)
    }
}

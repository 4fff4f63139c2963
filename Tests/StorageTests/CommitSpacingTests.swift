import Synchronization
import Testing

@testable import Storage

struct CommitSpacingTests {
    private let start = ContinuousClock.now
    private var spacing = CommitSpacing(distance: .milliseconds(2))

    private func pause(writes: Int = 1, after: Duration) -> Duration? {
        spacing.pause(writes: writes, now: start + after)
    }

    @Test mutating func `a write that comes a moment after a commit waits where much is read`() {
        for _ in 0..<16 { spacing.didRead() }
        #expect(pause(after: .zero) == nil)
        for _ in 0..<16 { spacing.didRead() }
        spacing.didCommit(now: start)
        #expect(pause(after: .milliseconds(0.5)) == .milliseconds(1.5))
        #expect(pause(after: .milliseconds(2)) == nil)
    }

    @Test mutating func `nobody waits where little is read`() {
        for _ in 0..<31 { spacing.didRead() }
        spacing.didCommit(now: start)
        #expect(pause(after: .zero) == nil)
        spacing.didRead()
        #expect(pause(after: .zero) == .milliseconds(2))
    }

    @Test mutating func `many reads are forgotten after some commits without any`() {
        for _ in 0..<100 { spacing.didRead() }
        for _ in 0..<2 { spacing.didCommit(now: start) }
        #expect(pause(after: .zero) != nil)
        spacing.didCommit(now: start)
        #expect(pause(after: .zero) == nil)
    }

    @Test mutating func `four writes in line are enough`() {
        for _ in 0..<100 { spacing.didRead() }
        spacing.didCommit(now: start)
        #expect(pause(writes: 3, after: .zero) != nil)
        #expect(pause(writes: 4, after: .zero) == nil)
    }

    @Test func `reads and commits of a file count, and a write that waited is acknowledged`() async throws {
        let storage = try TestStorage(commitDistance: .milliseconds(50))
        let file = try storage.file()
        let mayWait = { file.state.withLock { $0.spacing.pause(writes: 1, now: $0.spacing.last ?? .now) != nil } }
        try await file.add("first")
        #expect(!mayWait())
        for _ in 0..<32 { _ = try file.notes() }
        #expect(mayWait())
        let first = try #require(file.state.withLock { $0.spacing.last })
        try await file.add("second")
        let second = try #require(file.state.withLock { $0.spacing.last })
        #expect(first.duration(to: second) >= .milliseconds(50))
        #expect(mayWait())
        for number in 3...6 { try await file.add("\(number)") }
        #expect(!mayWait())
        #expect(try file.notes() == ["first", "second", "3", "4", "5", "6"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `neither an import nor a copy waits`() async throws {
        let storage = try TestStorage(commitDistance: .seconds(3600))
        let file = try storage.file()
        try await file.add("first")
        for _ in 0..<64 { _ = try file.notes() }
        try await file.add("import", alone: true)
        try file.copy(to: storage.url("copy.sqlite"))
        #expect(try storage.existing("copy.sqlite").notes() == ["first", "import"])
    }
}

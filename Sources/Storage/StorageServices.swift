package import ApplianceCore
import CAppliance
import Foundation
package import Logging
import NIOPosix
import Synchronization

/// What all database files share: the threads that commit, the threads for long work, the bound on open files, figures.
package final class StorageServices: Sendable {
    package enum Limit {
        /// Threads that sit in fsync, which costs no CPU: own files synced in parallel went from 9,000 to 32,800 a
        /// second between one thread and eight.
        static let commitThreads = 8
        static let longThreads = 4
        /// Threads for lists that take more than a moment: no more than this is lost to them of the machine.
        static let queryThreads = 2
        /// Database files open at once: each takes a third of a megabyte, and as its shop grows up to eight for the
        /// pages that its connections keep. So all of the machine's memory is never promised to them twice.
        package static let openFiles = min(1024, max(64, Int(clamping: ProcessInfo.processInfo.physicalMemory >> 23)))
    }

    package let logger: Logger
    package let statistics = StorageStatistics()
    /// Tells the name of each file that was committed to or exchanged.
    package let commits = Announcer<String>()
    package let refusals = WriteRefusals()
    /// Nil where nothing is logged: in tests of other things, and for copies.
    package let changeLog: ChangeLog?
    let checkpointPause: Duration
    let commitDistance: Duration
    private let commitPool: NIOThreadPool
    private let resting = Atomic<Int>(0)
    /// Work that no thread has begun.
    private let waitingCommits = Atomic<Int>(0)
    private let long: NIOThreadPool
    private let queries: NIOThreadPool
    private let openFiles: OpenFiles

    /// `checkpointPause` is `CheckpointPlan.Limit.pause`, and `commitDistance` that of `CommitSpacing`, where nothing
    /// else is said.
    package init(
        logger: Logger, openFiles limit: Int = Limit.openFiles, changeLog: ChangeLog? = nil,
        checkpointPause: Duration? = nil, commitDistance: Duration? = nil
    ) {
        Self.shareMemory
        (self.logger, self.changeLog) = (logger, changeLog)
        self.checkpointPause = checkpointPause ?? CheckpointPlan.Limit.pause
        self.commitDistance = commitDistance ?? CommitSpacing.Limit.distance
        commitPool = NIOThreadPool(numberOfThreads: Limit.commitThreads)
        long = NIOThreadPool(numberOfThreads: Limit.longThreads)
        queries = NIOThreadPool(numberOfThreads: Limit.queryThreads)
        openFiles = OpenFiles(limit: min(limit, DescriptorLimit.raised / 2 / DatabaseFile.Limit.descriptors))
        commitPool.start()
        long.start()
        queries.start()
    }

    /// Stops the threads after what they are doing; files must not be used afterwards.
    package func shutdown() async throws {
        try await changeLog?.shutdown()
        try await commitPool.shutdownGracefully()
        try await long.shutdownGracefully()
        try await queries.shutdownGracefully()
    }

    func commitWork(_ work: @escaping @Sendable () -> Void) {
        waitingCommits.add(1, ordering: .relaxed)
        commitPool.submit { [self] _ in
            waitingCommits.subtract(1, ordering: .relaxed)
            work()
        }
    }

    /// Whether another file waits for one of the threads that commit.
    var hasWaitingCommits: Bool { waitingCommits.load(ordering: .relaxed) > 0 }

    /// Blocks one of the threads that commit; not where half of them do so already.
    func rest(_ pause: Duration) {
        defer { resting.subtract(1, ordering: .relaxed) }
        guard resting.add(1, ordering: .relaxed).newValue <= Limit.commitThreads / 2 else { return }
        Thread.sleep(forTimeInterval: pause / .seconds(1))
    }

    /// glibc gives threads pools of their own, eight for each core, and what is free in one is no use to another.
    private static let shareMemory: Void = cappliance_share_memory(
        Int32(clamping: ProcessInfo.processInfo.activeProcessorCount))

    /// What a large transaction needed goes back to the system. glibc keeps it for the thread that had it, and each of
    /// the threads that commit has an import now and then: 60 MiB eight times.
    func giveMemoryBack() {
        long.submit { _ in cappliance_give_memory_back() }
    }

    /// Runs `work` on a thread that may block for seconds.
    package func longWork<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await long.runIfActive(work)
    }

    /// Runs a request's query that may take as long as `ReadLimit.request` allows.
    package func queryWork<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await queries.runIfActive(work)
    }

    package var openFileCount: Int { openFiles.count }
    /// Descriptors that database files may take.
    package var descriptors: Int { openFiles.limit * DatabaseFile.Limit.descriptors }

    func nextUse() -> UInt64 { openFiles.nextUse() }
    func didOpen(_ file: DatabaseFile) { openFiles.add(file) }
    func didClose(_ file: DatabaseFile) { openFiles.remove(file) }

    /// Closes what was not used for longest once too many files are open. Call without any file's lock.
    func didUse(_ file: DatabaseFile) {
        guard openFiles.isOverLimit else { return }
        // More than one, so that not every use of a closed file sorts all that are open.
        for candidate in openFiles.leastRecentlyUsed() where candidate !== file {
            if candidate.closeIfQuiet(), openFiles.hasRoom { return }
        }
    }
}

/// The files that are open now.
private final class OpenFiles: Sendable {
    let limit: Int
    private let uses = Atomic<UInt64>(0)
    /// Beside the dictionary, because every read and write asks.
    private let openCount = Atomic<Int>(0)
    private let files = Mutex<[ObjectIdentifier: DatabaseFile]>([:])

    init(limit: Int) { self.limit = limit }

    func nextUse() -> UInt64 { uses.add(1, ordering: .relaxed).newValue }

    func add(_ file: DatabaseFile) {
        files.withLock { $0[ObjectIdentifier(file)] = file }
        openCount.add(1, ordering: .relaxed)
    }

    func remove(_ file: DatabaseFile) {
        files.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(file)) }
        openCount.subtract(1, ordering: .relaxed)
    }

    var count: Int { openCount.load(ordering: .relaxed) }
    var isOverLimit: Bool { count > limit }
    /// A sixteenth below the limit.
    var hasRoom: Bool { count <= limit - limit / 16 }

    func leastRecentlyUsed() -> [DatabaseFile] {
        let open = files.withLock { Array($0.values) }
        return open.map { (file: $0, use: $0.lastUse) }.sorted { $0.use < $1.use }.map(\.file)
    }
}

/// Figures since the process started.
package final class StorageStatistics: Sendable {
    private let commitCount = Atomic<Int>(0)
    private let writeCount = Atomic<Int>(0)

    package var commits: Int { commitCount.load(ordering: .relaxed) }
    package var writes: Int { writeCount.load(ordering: .relaxed) }

    func didCommit(writes: Int) {
        commitCount.add(1, ordering: .relaxed)
        writeCount.add(writes, ordering: .relaxed)
    }
}

/// The files whose last write the disk refused: full, read-only or failing.
package final class WriteRefusals: Sendable {
    private let names = Mutex<Set<String>>([])
    private let size = Atomic<Int>(0)

    package var count: Int { size.load(ordering: .relaxed) }

    func add(_ name: String) {
        names.withLock {
            $0.insert(name)
            size.store($0.count, ordering: .relaxed)
        }
    }

    /// Costs one atomic load as long as all is well.
    func remove(_ name: String) {
        guard count > 0 else { return }
        names.withLock {
            $0.remove(name)
            size.store($0.count, ordering: .relaxed)
        }
    }

    /// Forgets them all when the disk takes a small file again, so that nobody has to write first.
    package func review(in directory: DataDirectory) {
        guard count > 0 else { return }
        let probe = directory.scratchURL(".probe")
        defer { try? FileSystem.remove(probe) }
        guard (try? AtomicFile.publish([UInt8](repeating: 0, count: 65_536), to: probe)) != nil else { return }
        names.withLock {
            $0 = []
            size.store(0, ordering: .relaxed)
        }
    }
}

import ApplianceCore
import Foundation
import Logging
import Storage
import Synchronization
import Tenancy

@testable import Jobs

/// A clock that stands still until it is moved; sleepers wake when it has passed their time.
final class ManualClock: Sendable {
    private struct State {
        var now: Instant
        var sleepers: [(until: Instant, wake: CheckedContinuation<Void, any Error>)] = []
    }

    private let state: Mutex<State>
    /// One element whenever somebody goes to sleep.
    let sleeps: AsyncStream<Instant>
    private let slept: AsyncStream<Instant>.Continuation

    init(_ now: Instant) {
        state = Mutex(State(now: now))
        (sleeps, slept) = AsyncStream.makeStream(of: Instant.self)
    }

    var source: TimeSource {
        TimeSource(now: { self.state.withLock { $0.now } }, sleep: { try await self.sleep(until: $0) })
    }

    private func sleep(until deadline: Instant) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isPast = state.withLock { state in
                    if deadline > state.now { state.sleepers.append((deadline, continuation)) }
                    return deadline <= state.now
                }
                if isPast { continuation.resume() }
                slept.yield(deadline)
            }
        } onCancel: {
            let sleepers = state.withLock { state in
                defer { state.sleepers = [] }
                return state.sleepers
            }
            for sleeper in sleepers { sleeper.wake.resume(throwing: CancellationError()) }
        }
    }

    func set(_ now: Instant) {
        let woken = state.withLock { state in
            state.now = now
            defer { state.sleepers.removeAll { $0.until <= now } }
            return state.sleepers.filter { $0.until <= now }
        }
        for sleeper in woken { sleeper.wake.resume() }
    }
}

/// A control plane in a folder of its own.
struct ControlPlane: Sendable {
    let services: StorageServices
    let system: DatabaseFile
    let clock: ManualClock

    static func run(at now: String, _ body: (ControlPlane) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "jobs-\(Random.token(bytes: 6))")
        try FileSystem.makeFolder(folder)
        defer { try? FileSystem.remove(folder) }
        let services = StorageServices(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let url = folder.appending(path: "system.sqlite")
        try DatabaseFile.create(url, schema: SystemDatabase.schema)
        let system = DatabaseFile(url, name: "system", schema: SystemDatabase.schema, services: services)
        let plane = ControlPlane(
            services: services, system: system, clock: ManualClock(Instant(now) ?? .earliest))
        try await body(plane)
        try await services.shutdown()
    }

    func scheduler(_ jobs: [RecurringJob]) -> Scheduler {
        Scheduler(
            jobs, runs: JobRunStore(system), ids: IdentifierSource(time: clock.source), time: clock.source,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}

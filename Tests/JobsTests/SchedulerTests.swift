import ApplianceCore
import Storage
import Testing

@testable import Jobs

@Suite struct SchedulerTests {
    private static let start = "2026-11-21T02:20:00.000Z"

    /// A job that tells of each of its runs.
    private static func job(
        _ name: String = "count", _ schedule: JobSchedule = .every(minutes: 60), fails: Bool = false
    ) -> (job: RecurringJob, runs: AsyncStream<JobRun>) {
        let (runs, told) = AsyncStream.makeStream(of: JobRun.self)
        let job = RecurringJob(name, title: name, description: "", schedule: schedule) { run in
            told.yield(run)
            if fails { throw DomainError.conflict("broken", "It broke.") }
            return "done"
        }
        return (job, runs)
    }

    private static func instant(_ text: String) throws -> Instant { try #require(Instant(text)) }

    @Test func `a job runs at its slot and not before`() async throws {
        try await ControlPlane.run(at: Self.start) { plane in
            let (job, runs) = Self.job()
            let scheduler = plane.scheduler([job])
            let service = Task { try await scheduler.run() }
            var sleeps = plane.clock.sleeps.makeAsyncIterator()
            #expect(await sleeps.next()?.description == "2026-11-21T03:00:00.000Z")
            #expect(try scheduler.runs.last("count") == nil)
            plane.clock.set(try Self.instant("2026-11-21T03:00:00.500Z"))
            var told = runs.makeAsyncIterator()
            let run = try #require(await told.next())
            #expect(run.dueAt.description == "2026-11-21T03:00:00.000Z" && run.trigger == .schedule)
            #expect(await sleeps.next()?.description == "2026-11-21T04:00:00.000Z")
            service.cancel()
            _ = try? await service.value
        }
    }

    @Test func `slots that passed while nothing ran are made up for once`() async throws {
        try await ControlPlane.run(at: Self.start) { plane in
            let (job, runs) = Self.job()
            let store = JobRunStore(plane.system)
            var old = JobRun(
                id: "run_0", job: "count", dueAt: try Self.instant("2026-11-20T02:00:00.000Z"),
                startedAt: try Self.instant("2026-11-20T02:00:00.000Z"), trigger: .schedule)
            try await store.begin(old)
            (old.status, old.finishedAt) = (.succeeded, old.startedAt)
            try await store.finish(old)
            let scheduler = plane.scheduler([job])
            let service = Task { try await scheduler.run() }
            var told = runs.makeAsyncIterator()
            let run = try #require(await told.next())
            #expect(run.trigger == .catchUp && run.dueAt.description == "2026-11-21T02:00:00.000Z")
            var sleeps = plane.clock.sleeps.makeAsyncIterator()
            #expect(await sleeps.next()?.description == "2026-11-21T03:00:00.000Z")
            service.cancel()
            _ = try? await service.value
            #expect(try store.list(job: "count", limit: 10, cursor: nil).count == 2)
        }
    }

    @Test func `a run that the process did not live to finish is marked failed`() async throws {
        try await ControlPlane.run(at: Self.start) { plane in
            let store = JobRunStore(plane.system)
            let now = try Self.instant(Self.start)
            try await store.begin(JobRun(id: "run_0", job: "count", dueAt: now, startedAt: now, trigger: .schedule))
            try await store.failInterrupted(now: now)
            let last = try #require(try store.last("count"))
            #expect(last.status == .failed && last.detail == "interrupted")
        }
    }

    @Test func `a failing job is recorded with its reason and the others go on`() async throws {
        try await ControlPlane.run(at: Self.start) { plane in
            let scheduler = plane.scheduler([Self.job("bad", fails: true).job, Self.job("good").job])
            let bad = try await scheduler.runNow("bad")
            #expect(bad.status == .failed && bad.detail == "It broke.")
            let good = try await scheduler.runNow("good")
            #expect(good.status == .succeeded)
            #expect(try scheduler.runs.last("bad")?.status == .failed)
        }
    }

    @Test func `a job does not run twice at the same time`() async throws {
        try await ControlPlane.run(at: Self.start) { plane in
            let (started, isStarted) = AsyncStream.makeStream(of: Void.self)
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let slow = RecurringJob("slow", title: "", description: "", schedule: .every(minutes: 60)) { _ in
                isStarted.yield()
                for await _ in gate { break }
                return "done"
            }
            let scheduler = plane.scheduler([slow])
            let first = Task { try await scheduler.runNow("slow") }
            for await _ in started { break }
            let error = await #expect(throws: DomainError.self) { try await scheduler.runNow("slow") }
            #expect(error?.code == "job_running")
            open.yield()
            let run = try await first.value
            #expect(run.status == .succeeded)
        }
    }

    @Test func `an unknown job is not found`() async throws {
        try await ControlPlane.run(at: Self.start) { plane in
            let scheduler = plane.scheduler([])
            let error = await #expect(throws: DomainError.self) { try await scheduler.runNow("nothing") }
            #expect(error?.category == .notFound)
        }
    }
}

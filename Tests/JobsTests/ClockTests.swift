import ApplianceCore
import Testing

@testable import Jobs

/// The scheduler under clocks that jump, go back, or stand still while the machine is off.
@Suite(.timeLimit(.minutes(5))) struct ClockTests {
    /// An hourly job under a scheduler that lives, and the events of both.
    private struct Life {
        let plane: ControlPlane
        let scheduler: Scheduler
        var sleeps: AsyncStream<Instant>.Iterator
        var runs: AsyncStream<JobRun>.Iterator

        /// Moves the clock; what the job was run for is returned once the scheduler sleeps again.
        mutating func reach(_ text: String, runs isDue: Bool) async throws -> String? {
            plane.clock.set(try #require(Instant(text)))
            let run = isDue ? await nextRun() : nil
            _ = await sleeps.next()
            return run.map { "\($0.dueAt.description.prefix(16)) \($0.trigger.rawValue)" }
        }

        /// The next run, once it is over: a slot that comes before is passed over.
        mutating func nextRun() async -> JobRun? {
            let run = await runs.next()
            while await !scheduler.running.isEmpty { await Task.yield() }
            return run
        }
    }

    /// Starts a scheduler, runs `body` when it first sleeps, and stops it.
    private func live(_ plane: ControlPlane, _ body: (inout Life) async throws -> Void) async throws {
        let (runs, told) = AsyncStream.makeStream(of: JobRun.self)
        let job = RecurringJob("count", title: "", description: "", schedule: .every(minutes: 60)) { run in
            told.yield(run)
            return "done"
        }
        let scheduler = plane.scheduler([job])
        let service = Task { try await scheduler.run() }
        var life = Life(
            plane: plane, scheduler: scheduler, sleeps: plane.clock.sleeps.makeAsyncIterator(),
            runs: runs.makeAsyncIterator())
        _ = await life.sleeps.next()
        try await body(&life)
        service.cancel()
        _ = try? await service.value
    }

    private func dues(_ plane: ControlPlane) throws -> [String] {
        try JobRunStore(plane.system).list(job: "count", limit: 1000, cursor: nil).reversed().map {
            "\($0.dueAt.description.prefix(16)) \($0.trigger.rawValue)"
        }
    }

    @Test(arguments: [
        ("2026-11-21T09:20:00Z", "2026-11-21T09:00"), ("2026-12-21T02:10:00Z", "2026-12-21T02:00"),
        ("2036-11-21T02:10:00Z", "2036-11-21T02:00"),
    ])
    func `a clock that jumps ahead brings one run and no storm`(now: String, due: String) async throws {
        try await ControlPlane.run(at: "2026-11-21T02:20:00Z") { plane in
            try await live(plane) { life in
                let run = try await life.reach(now, runs: true)
                #expect(run == "\(due) schedule")
            }
            #expect(try dues(plane) == ["\(due) schedule"])
        }
    }

    @Test func `a clock that is set back repeats no slot`() async throws {
        try await ControlPlane.run(at: "2026-11-21T02:20:00Z") { plane in
            try await live(plane) { life in
                _ = try await life.reach("2026-11-21T03:00:00Z", runs: true)
                _ = try await life.reach("2026-11-21T04:00:00Z", runs: true)
            }
            plane.clock.set(try #require(Instant("2026-11-21T02:30:00Z")))
            try await live(plane) { life in
                _ = try await life.reach("2026-11-21T03:00:00Z", runs: false)
                _ = try await life.reach("2026-11-21T04:00:00Z", runs: false)
                let run = try await life.reach("2026-11-21T05:00:00Z", runs: true)
                #expect(run == "2026-11-21T05:00 schedule")
            }
            #expect(
                try dues(plane) == [
                    "2026-11-21T03:00 schedule", "2026-11-21T04:00 schedule", "2026-11-21T05:00 schedule",
                ])
        }
    }

    @Test func `two seconds of correction right behind a slot run nothing twice`() async throws {
        try await ControlPlane.run(at: "2026-11-21T02:59:00Z") { plane in
            try await live(plane) { life in _ = try await life.reach("2026-11-21T03:00:00Z", runs: true) }
            plane.clock.set(try #require(Instant("2026-11-21T02:59:58Z")))
            try await live(plane) { life in _ = try await life.reach("2026-11-21T03:00:00Z", runs: false) }
            #expect(try dues(plane) == ["2026-11-21T03:00 schedule"])
        }
    }

    @Test func `a restart within the hour makes up for nothing`() async throws {
        try await ControlPlane.run(at: "2026-11-21T02:20:00Z") { plane in
            try await live(plane) { life in _ = try await life.reach("2026-11-21T03:00:00Z", runs: true) }
            for minute in ["10", "20", "59"] {
                plane.clock.set(try #require(Instant("2026-11-21T03:\(minute):00Z")))
                try await live(plane) { _ in }
            }
            #expect(try dues(plane) == ["2026-11-21T03:00 schedule"])
        }
    }

    @Test func `after a night off the schedule goes on from the slot made up for`() async throws {
        try await ControlPlane.run(at: "2026-11-21T02:20:00Z") { plane in
            try await live(plane) { life in _ = try await life.reach("2026-11-21T03:00:00Z", runs: true) }
            plane.clock.set(try #require(Instant("2026-11-22T09:20:00Z")))
            try await live(plane) { life in
                _ = await life.nextRun()
                let run = try await life.reach("2026-11-22T10:00:00Z", runs: true)
                #expect(run == "2026-11-22T10:00 schedule")
            }
            #expect(
                try dues(plane) == [
                    "2026-11-21T03:00 schedule", "2026-11-22T09:00 catch-up", "2026-11-22T10:00 schedule",
                ])
        }
    }

    @Test func `a job that never ran waits for its first slot, and a run by hand is no slot`() async throws {
        try await ControlPlane.run(at: "2026-11-21T02:10:00Z") { plane in
            let job = RecurringJob("count", title: "", description: "", schedule: .every(minutes: 60)) { _ in "done" }
            _ = try await plane.scheduler([job]).runNow("count")
            plane.clock.set(try #require(Instant("2026-11-21T08:10:00Z")))
            try await live(plane) { _ in }
            #expect(try dues(plane) == ["2026-11-21T02:10 manual"])
        }
    }

    @Test(arguments: [JobSchedule.every(minutes: 15), .every(minutes: 60), .daily(hour: 3, minute: 10)])
    func `the ends of time do not trap`(schedule: JobSchedule) {
        for now in [Instant.earliest, Instant.latest] {
            #expect(schedule.next(after: now) >= Instant.earliest && schedule.latest(at: now) <= Instant.latest)
        }
    }
}

package import ApplianceCore
package import Logging
import ServiceLifecycle

/// Runs the recurring jobs in this process: sleeps until the next slot, runs what is due, keeps each run, and makes up
/// once for slots that passed while nothing ran. A job never runs twice at the same time.
package actor Scheduler: Service, CustomStringConvertible {
    package nonisolated var description: String { "scheduler" }
    package nonisolated let jobs: [RecurringJob]
    package nonisolated let runs: JobRunStore
    private let ids: IdentifierSource
    private let time: TimeSource
    private let logger: Logger
    /// Names of the jobs that run now.
    private(set) var running: Set<String> = []

    package init(_ jobs: [RecurringJob], runs: JobRunStore, ids: IdentifierSource, time: TimeSource, logger: Logger) {
        (self.jobs, self.runs, self.ids, self.time, self.logger) = (jobs, runs, ids, time, logger)
    }

    package func run() async throws {
        try await runs.failInterrupted(now: time.now())
        await cancelWhenGracefulShutdown {
            do {
                try await self.loop()
            } catch is CancellationError {
            } catch {
                self.logger.critical("the scheduler stopped", metadata: [LogKey.error: "\(error)"])
            }
        }
    }

    private func loop() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for (job, due) in try missed() {
                group.addTask { _ = try? await self.run(job, due: due, .catchUp) }
            }
            while true {
                let now = time.now()
                guard let wake = jobs.map({ $0.schedule.next(after: now) }).min() else { return }
                try await time.sleep(until: wake)
                for job in jobs where job.schedule.latest(at: time.now()) >= wake {
                    let due = job.schedule.latest(at: time.now())
                    // A clock that was set back brings slots a second time.
                    if (try? runs.wasTaken(job.name, due)) == true { continue }
                    group.addTask { _ = try? await self.run(job, due: due, .schedule) }
                }
            }
        }
    }

    /// Jobs whose slots passed since their last one, each with its latest slot. One that never ran waits for its first.
    private func missed() throws -> [(RecurringJob, Instant)] {
        let now = time.now()
        return try jobs.compactMap { job in
            guard let last = try runs.lastDue(job.name), job.schedule.next(after: last) <= now else { return nil }
            return (job, job.schedule.latest(at: now))
        }
    }

    /// Runs a job now, by hand. Throws `job_running` when it is under way.
    package func runNow(_ name: String) async throws -> JobRun {
        guard let job = jobs.first(where: { $0.name == name }) else { throw DomainError.notFound("job") }
        return try await run(job, due: time.now(), .manual)
    }

    private func run(_ job: RecurringJob, due: Instant, _ trigger: JobRun.Trigger) async throws -> JobRun {
        guard running.insert(job.name).inserted else {
            throw DomainError.conflict("job_running", "\(job.name) is running already.")
        }
        defer { running.remove(job.name) }
        var run = JobRun(id: ids.next("run"), job: job.name, dueAt: due, startedAt: time.now(), trigger: trigger)
        try await runs.begin(run)
        do {
            run.detail = try await job.run(run)
            run.status = .succeeded
        } catch {
            run.status = .failed
            let problem = error as? DomainError
            run.detail = problem?.message ?? "\(error)"
            logger.error(
                "job failed", metadata: [LogKey.job: "\(job.name)", LogKey.error: "\(problem?.cause ?? run.detail)"])
        }
        run.finishedAt = time.now()
        try await runs.finish(run)
        return run
    }
}

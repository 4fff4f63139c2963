package import ApplianceCore
import GRDB
package import Storage

/// One run of a recurring job: a row of `scheduleRuns`.
package struct JobRun: Sendable {
    package enum Status: String, Sendable { case running, succeeded, failed }

    package enum Trigger: String, Sendable {
        case schedule, manual
        /// Its slot passed while nothing ran; it is made up for once, however many slots passed.
        case catchUp = "catch-up"
    }

    package let id: String
    package let job: String
    package let dueAt: Instant
    package let startedAt: Instant
    package var finishedAt: Instant?
    package var status = Status.running
    package var detail = ""
    package let trigger: Trigger

    package var json: JSON {
        [
            "id": .string(id), "job": .string(job), "dueAt": JSON(dueAt), "startedAt": JSON(startedAt),
            "finishedAt": JSON(finishedAt), "status": .string(status.rawValue), "detail": .string(detail),
            "trigger": .string(trigger.rawValue),
        ]
    }
}

/// The `scheduleRuns` table of `system.sqlite`.
package struct JobRunStore: Sendable {
    private enum Limit {
        /// Runs remembered of each job.
        static let runs = 1000
    }

    private let system: DatabaseFile
    private static let columns = "id, job, dueAt, startedAt, finishedAt, status, detail, triggeredBy"

    package init(_ system: DatabaseFile) { self.system = system }

    private static func run(_ row: SQLStatement) -> JobRun {
        func instant(_ column: Int32) -> Instant? { row.text(column).flatMap(Instant.init) }
        var run = JobRun(
            id: row.text(0) ?? "", job: row.text(1) ?? "", dueAt: instant(2) ?? .earliest,
            startedAt: instant(3) ?? .earliest, trigger: row.text(7).flatMap(JobRun.Trigger.init) ?? .schedule)
        run.finishedAt = instant(4)
        run.status = row.text(5).flatMap(JobRun.Status.init) ?? .failed
        run.detail = row.text(6) ?? ""
        return run
    }

    func begin(_ run: JobRun) async throws {
        try await system.write { db in
            try db.run(
                "INSERT INTO scheduleRuns VALUES (?1, ?2, ?3, ?4, NULL, ?5, '', ?6)",
                [
                    .text(run.id), .text(run.job), SQLValue(run.dueAt), SQLValue(run.startedAt),
                    .text(run.status.rawValue), .text(run.trigger.rawValue),
                ])
            try db.run(
                """
                DELETE FROM scheduleRuns WHERE job = ?1 AND id <=
                    (SELECT id FROM scheduleRuns WHERE job = ?1 ORDER BY id DESC LIMIT 1 OFFSET \(Limit.runs))
                """, [.text(run.job)])
        }
    }

    func finish(_ run: JobRun) async throws {
        try await system.write { db in
            try db.run(
                "UPDATE scheduleRuns SET finishedAt = ?2, status = ?3, detail = ?4 WHERE id = ?1",
                [.text(run.id), SQLValue(run.finishedAt), .text(run.status.rawValue), .text(run.detail)])
        }
    }

    /// Runs that the process did not live to finish.
    func failInterrupted(now: Instant) async throws {
        try await system.write { db in
            try db.run(
                """
                UPDATE scheduleRuns SET status = 'failed', finishedAt = ?1, detail = 'interrupted'
                WHERE status = 'running'
                """, [SQLValue(now)])
        }
    }

    /// The latest slot that was taken care of; nil when the job never ran by schedule.
    func lastDue(_ job: String) throws -> Instant? {
        try system.read { db in
            try db.first(
                "SELECT max(dueAt) FROM scheduleRuns WHERE job = ?1 AND triggeredBy <> 'manual'", [.text(job)]
            ) { $0.text(0).flatMap(Instant.init) } ?? nil
        }
    }

    /// Whether the schedule, or catching up, has run the job for this slot.
    func wasTaken(_ job: String, _ due: Instant) throws -> Bool {
        try system.read { db in
            try db.first(
                "SELECT 1 FROM scheduleRuns WHERE job = ?1 AND dueAt = ?2 AND triggeredBy <> 'manual'",
                [.text(job), SQLValue(due)]
            ) { _ in true } ?? false
        }
    }

    package func last(_ job: String) throws -> JobRun? { try list(job: job, limit: 1, cursor: nil).first }

    /// The newest first.
    package func list(job: String?, limit: Int, cursor: String?) throws -> [JobRun] {
        try system.read { db in
            try db.all(
                """
                SELECT \(Self.columns) FROM scheduleRuns WHERE id < ?1 AND (?2 IS NULL OR job = ?2)
                ORDER BY id DESC LIMIT ?3
                """, [.text(cursor ?? "~"), SQLValue(job), .integer(Int64(limit))], Self.run)
        }
    }
}

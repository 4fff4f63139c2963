import ApplianceCore
import Testing

@testable import Jobs

struct JobRunStoreTests {
    @Test func `the newest thousand runs of a job are remembered`() async throws {
        try await ControlPlane.run(at: "2026-11-21T02:00:00Z") { plane in
            let (store, ids) = (JobRunStore(plane.system), IdentifierSource(time: plane.clock.source))
            let start = plane.clock.source.now()
            for index in 0..<1003 {
                let now = start.adding(.minutes(Int64(index)))
                try await store.begin(
                    JobRun(id: ids.next("run"), job: "count", dueAt: now, startedAt: now, trigger: .schedule))
            }
            let runs = try store.list(job: "count", limit: 2000, cursor: nil)
            #expect(runs.count == 1000 && runs.last?.dueAt == start.adding(.minutes(3)))
            let next = try store.list(job: nil, limit: 10, cursor: runs[9].id)
            #expect(next.map(\.id) == runs[10..<20].map(\.id))
            #expect(try store.list(job: "other", limit: 10, cursor: nil).isEmpty)
        }
    }

    @Test func `what is known of a run is told as JSON`() async throws {
        try await ControlPlane.run(at: "2026-11-21T02:00:00Z") { plane in
            let job = RecurringJob("count", title: "", description: "", schedule: .every(minutes: 60)) { _ in
                "3 counted"
            }
            let scheduler = plane.scheduler([job])
            let run = try await scheduler.runNow("count")
            #expect(run.status == .succeeded && run.trigger == .manual && run.detail == "3 counted")
            #expect(try scheduler.runs.last("count")?.json == run.json)
        }
    }
}

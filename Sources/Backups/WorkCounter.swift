import ApplianceCore
import Synchronization

/// Counts finished pieces of work for a progress bar, from several threads.
final class WorkCounter: Sendable {
    private let done = Mutex<Int64>(0)
    private let step: String
    private let total: Int64
    private let report: WorkProgress.Report

    init(_ step: String, total: Int, report: @escaping WorkProgress.Report) {
        (self.step, self.total, self.report) = (step, Int64(total), report)
        report(WorkProgress(step, done: 0, total: Int64(total)))
    }

    func finish(_ detail: String) {
        // Reported with the lock held, so that the bar never goes back.
        done.withLock { done in
            done += 1
            report(WorkProgress(step, done: done, total: total, detail: detail))
        }
    }
}

import ApplianceCore
import Backups
import Logging
import ServiceLifecycle
import Storage
import Tenancy

/// Looks every few seconds whether a promise is broken or the change log cannot be written: alerts begin and end.
struct AlertWatch: Service, CustomStringConvertible {
    private enum Limit {
        static let pause = Duration.seconds(10)
    }

    let recovery: Recovery
    let changeLog: ChangeLog
    let usage: UsageService
    let alerts: Alerts
    let time: TimeSource
    let logger: Logger
    /// The service group prints each service once: without this all that it holds.
    var description: String { "alerts" }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await time.sleep(until: time.now().adding(Limit.pause))
                    try await look()
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("alerts not settled", metadata: [LogKey.error: "\(DomainError(any: error))"])
                }
            }
        }
    }

    func look() async throws { try await alerts.settle(conditions()) }

    private func conditions() async throws -> [AlertCondition] {
        let report = try await recovery.momentaryReport()
        let broken = report.lines.flatMap { line in
            line.breaches.map { breach in
                AlertCondition(
                    kind: breach.kind.rawValue, subject: line.shop.id, message: "\(line.shop.name): \(breach.text).",
                    remedy: "appliance backup report")
            }
        }
        let behind = changeLog.status.failures.map { name, failure in
            AlertCondition(
                kind: "log_not_written", subject: name,
                message:
                    "The change log of \(recovery.directory[name]?.name ?? "the control plane") cannot be written: "
                    + failure.reason.message,
                remedy: failure.reason.hint ?? "df -h; appliance doctor")
        }
        return try broken + behind.sorted { $0.subject < $1.subject } + usage.conditions()
    }
}

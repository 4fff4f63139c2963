import ApplianceCore
import Backups
import Foundation
import Jobs
import Storage
import Tenancy

/// How the appliance is: for probes as checks, for the operator as a score with what lowers it.
struct HealthReport: Sendable {
    private enum Limit {
        /// Twice the time between snapshots.
        static let snapshotAge = Duration.hours(2)
        /// Free bytes below which the operator is warned.
        static let diskFree: Int64 = 1 << 30
    }

    enum Status: String { case ok, degraded, failing }

    struct Check {
        let name: String
        let status: Status
        let detail: String
        var members: [JSON.Member] = []

        var json: JSON {
            .object([.init("status", .string(status.rawValue)), .init("detail", .string(detail))] + members)
        }
    }

    struct Issue {
        let points: Int
        let code: String
        let message: String
        let remedy: String
    }

    let appliance: Appliance

    func checks() async -> [Check] { [database(), cache(), await backups()] }

    func check(_ name: String) async -> Check? { await checks().first { $0.name == name } }

    static func overall(_ checks: [Check]) -> Status {
        if checks.contains(where: { $0.status == .failing }) { return .failing }
        return checks.contains { $0.status == .degraded } ? .degraded : .ok
    }

    private func database() -> Check {
        do {
            _ = try appliance.system.read { db in try db.first("SELECT 1") { _ in true } }
        } catch {
            return Check(name: "database", status: .failing, detail: "The control plane cannot be read.")
        }
        let refusals = appliance.storage.refusals
        refusals.review(in: appliance.configuration.data)
        guard refusals.count == 0 else {
            return Check(name: "database", status: .degraded, detail: "The disk refuses writes; reading goes on.")
        }
        let damaged = outOfService().count
        return Check(
            name: "database", status: damaged == 0 ? .ok : .degraded,
            detail: damaged == 0 ? "All data files are in service." : "\(damaged) data files are out of service.")
    }

    private func outOfService() -> [Tenant] {
        appliance.directory.all.filter { appliance.directory.file($0.id).quarantineReason != nil }
    }

    private func cache() -> Check {
        Check(name: "cache", status: .ok, detail: "In this process.")
    }

    private func backups() async -> Check {
        let newest = await appliance.latestBackups.newest()
        let age = appliance.time.now().since(newest ?? appliance.startedAt)
        let isLate = age > Limit.snapshotAge
        let behind = appliance.changeLog.status.failures
        if let first = behind.values.min(by: { $0.since < $1.since }) {
            return Check(
                name: "backups", status: .degraded,
                detail: "The change log of \(behind.count) data files cannot be written.",
                members: [.init("lastSnapshotAt", JSON(newest)), .init("logBehindSince", JSON(first.since))])
        }
        let detail =
            newest == nil
            ? (isLate ? "There is no snapshot." : "The first snapshot is due within the hour.")
            : (isLate ? "The newest snapshot is too old." : "The newest snapshot is recent.")
        return Check(
            name: "backups", status: isLate ? .degraded : .ok, detail: detail,
            members: [.init("lastSnapshotAt", JSON(newest))])
    }

    /// 100 less the points of each issue.
    func score() async -> (score: Int, issues: [Issue]) {
        var issues: [Issue] = []
        for tenant in outOfService() {
            let reason = appliance.directory.file(tenant.id).quarantineReason
            issues.append(
                Issue(
                    points: 30, code: reason?.code ?? "data_damaged",
                    message: "\(tenant.name) is out of service: \(reason?.message ?? "")",
                    remedy: "appliance restore --tenant \(tenant.slug) --yes"))
        }
        if await backups().status != .ok {
            issues.append(
                Issue(
                    points: 20, code: "backups_late", message: await backups().detail, remedy: "appliance backup create"
                ))
        }
        if let breaches = try? await appliance.recovery.momentaryReport().breaches, let first = breaches.first {
            let more = breaches.count > 1 ? " (and \(breaches.count - 1) more)" : ""
            issues.append(
                Issue(
                    points: 20, code: "promise_broken", message: "A promise of recovery is broken: \(first)\(more).",
                    remedy: "appliance backup report"))
        }
        let held = ((try? appliance.outbox.heldCounts()) ?? [:]).values.reduce(0, +)
        if held > 0 {
            issues.append(
                Issue(
                    points: 5, code: "mail_held",
                    message: "\(held) message\(held == 1 ? " is" : "s are") held since a restore, for review.",
                    remedy: "appliance outbox list --status held"))
        }
        if appliance.storage.refusals.count > 0 {
            issues.append(
                Issue(
                    points: 30, code: "writes_refused", message: "The disk refuses writes: full, read-only or failing.",
                    remedy: "df -h; dmesg | tail"))
        }
        if FileSystem.freeBytes(appliance.configuration.data.root) < Limit.diskFree {
            issues.append(
                Issue(
                    points: 20, code: "disk_low", message: "Less than 1 GiB is free for data.",
                    remedy: "df -h; free some space"))
        }
        for job in appliance.scheduler.jobs {
            if let last = try? appliance.scheduler.runs.last(job.name), last.status == .failed {
                issues.append(
                    Issue(
                        points: 10, code: "job_failed", message: "\(job.title) failed: \(last.detail)",
                        remedy: "appliance schedule run \(job.name)"))
            }
        }
        return (max(0, 100 - issues.reduce(0) { $0 + $1.points }), issues)
    }
}

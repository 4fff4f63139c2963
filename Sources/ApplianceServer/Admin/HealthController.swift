import ApplianceCore
import Backups
import HTTPAPI
import HTTPTypes
import Hummingbird
import Storage
import Telemetry
import Tenancy

/// Health for probes, metrics for Prometheus, and both for the operator's page.
struct HealthController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        routes.open(.get, "/api/health", "Is it well?", .gives(.health).gives(.unavailable, .health)) { _, _ in
            await overall()
        }
        routes.open(.get, "/api/health/live", "Does the process answer?", .gives(.check)) { _, _ in
            Answer.json(["status": "ok"])
        }
        routes.open(.get, "/api/health/ready", "Can it serve?", .gives(.check).gives(.unavailable, .check)) { _, _ in
            await one("database", readiness: true)
        }
        for name in ["database", "cache", "backups"] {
            routes.open(
                .get, "/api/health/\(name)", "Health of the \(name)", .gives(.check).gives(.unavailable, .check)
            ) { _, _ in
                await one(name, readiness: false)
            }
        }
        routes.open(.get, "/metrics", "Prometheus metrics, for this machine") { request, http in
            try await prometheus(request, http)
        }
        routes.operator(.get, "/api/admin/health", "Score and issues", .gives(.score)) { _ in await score() }
        routes.operator(.get, "/api/admin/metrics", "Requests, latency, memory", .gives(.metrics)) { _ in
            Answer.json(appliance.metrics.json().adding(["activeUsers": JSON(appliance.signIn.sessions.activePeople)]))
        }
    }

    private func overall() async -> Response {
        let checks = await HealthReport(appliance: appliance).checks()
        let status = HealthReport.overall(checks)
        return Answer.json(
            [
                "status": .string(status.rawValue), "version": .string(applianceVersion),
                "startedAt": JSON(appliance.startedAt),
                "checks": .object(checks.map { JSON.Member($0.name, $0.json) }),
            ], status: Self.http(status))
    }

    private func one(_ name: String, readiness: Bool) async -> Response {
        guard let check = await HealthReport(appliance: appliance).check(name) else {
            return Answer.json(["status": "failing"], status: .serviceUnavailable)
        }
        return Answer.json(
            readiness ? ["status": check.json["status"] ?? .null] : check.json, status: Self.http(check.status))
    }

    /// Degraded still serves: only what fails takes the server out of a load balancer.
    private static func http(_ status: HealthReport.Status) -> HTTPResponse.Status {
        status == .failing ? .serviceUnavailable : .ok
    }

    private func score() async -> Response {
        let (score, issues) = await HealthReport(appliance: appliance).score()
        let status = score >= 90 ? "healthy" : score >= 60 ? "degraded" : "critical"
        return Answer.json([
            "score": JSON(score), "status": .string(status),
            "issues": .array(
                issues.map {
                    [
                        "severity": .string($0.points >= 30 ? "critical" : "warn"), "code": .string($0.code),
                        "message": .string($0.message), "remedy": .string($0.remedy),
                    ]
                }),
        ])
    }

    /// Figures name no shop, yet they are nobody's business outside: loopback, the control socket, or an operator.
    private func prometheus(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        let isLocal = http.isControl || http.remoteAddress == "::1" || http.remoteAddress.hasPrefix("127.")
        let token = request.headers[.authorization].flatMap {
            $0.lowercased().hasPrefix("bearer ") ? String($0.dropFirst(7)) : nil
        }
        if let token {
            guard try await appliance.signIn.sessions.principal(token: token)?.isOperator == true else {
                throw Self.refused
            }
        } else if !isLocal {
            throw Self.refused
        }
        let text = appliance.metrics.prometheus(
            lastSnapshot: await appliance.latestBackups.newest(), recovery: try await recoveryFigures())
        return Answer.bytes(Array(text.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
    }

    private func recoveryFigures() async throws -> RecoveryFigures {
        let report = try await appliance.recovery.momentaryReport()
        let drills = report.lines.compactMap(\.evidence.drill)
        return RecoveryFigures(
            worstPoint: report.lines.map(\.point).max() ?? .zero, worstTime: report.lines.compactMap(\.time).max(),
            promisedPoint: report.promise.point, brokenShops: report.lines.count { !$0.breaches.isEmpty },
            failingLogs: appliance.changeLog.status.failures.count,
            lastDrill: drills.filter { $0.problem == nil }.map(\.at).max(),
            failedDrills: drills.count { $0.problem != nil }, openAlerts: try appliance.alerts.openCount())
    }

    private static let refused = DomainError(
        .unauthenticated, "sign_in_required", "Metrics are for this machine, or for an operator's token.")
}

import ApplianceCore
import HTTPAPI
import HTTPTypes
import Hummingbird
import Jobs
import Tenancy

/// The schedule, the outbox and the operators themselves.
struct OperationsController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        routes.operator(.get, "/api/admin/schedule", "List recurring jobs", .gives(.list(.job))) { _ in
            Answer.json(["items": .array(try appliance.scheduler.jobs.map(job)), "nextCursor": nil])
        }
        routes.operator(.get, "/api/admin/schedule/runs", "List runs of jobs", .pages(.text("job")).gives(.list(.run)))
        { try runs($0) }
        routes.operator(.post, "/api/admin/schedule/{id}/run", "Run a job now", .gives(.run)) { context in
            Answer.json(try await appliance.scheduler.runNow(context.http.parameters.get("id") ?? "").json)
        }
        // Messages may hold links that sign people in.
        routes.operator(
            .get, "/api/admin/outbox", "List messages",
            .pages(.text("q"), .text("status"), .text("tenant")).gives(.list(.outboxMessage)), needs: .manage
        ) { try outbox($0) }
        routes.operator(.get, "/api/admin/operators", "List operators", .gives(.list(.user))) { _ in
            Answer.json(["items": .array(try appliance.signIn.operators().map(\.json)), "nextCursor": nil])
        }
        routes.operator(
            .post, "/api/admin/operators", "Create an operator",
            .takes(
                .text("email", required: true, max: 254), .secret("password", required: true),
                .choice("role", OperatorRole.allCases.map(\.rawValue))
            ).gives(.created, .user)
        ) { try await createOperator($0) }
        routes.operator(
            .post, "/api/admin/operators/{id}/role", "Give an operator another role",
            .takes(.choice("role", OperatorRole.allCases.map(\.rawValue), required: true)).gives(.user)
        ) {
            try await setRole($0)
        }
        routes.operator(.post, "/api/admin/operators/{id}/disable", "Disable an operator", .gives(.user)) { context in
            Answer.json(
                try await appliance.signIn.disableOperator(
                    context.http.parameters.get("id") ?? "", by: context.principal.actor
                ).json)
        }
        routes.operator(
            .post, "/api/admin/operators/{id}/reset-password", "Set an operator's password",
            .takes(.secret("password", required: true)).gives(.user)
        ) {
            try await resetPassword($0)
        }
        routes.operator(
            .post, "/api/admin/operators/setup-link", "Make a one-time setup link", .gives(.setupLink)
        ) { context in
            guard context.http.isControl else {
                throw DomainError.forbidden("control_only", "Setup links are made on the command line.")
            }
            return Answer.json(["token": .string(try await appliance.signIn.makeSetupLink())])
        }
    }

    private func job(_ job: RecurringJob) throws -> JSON {
        [
            "name": .string(job.name), "title": .string(job.title), "description": .string(job.description),
            "schedule": .string(job.schedule.text), "timeZone": "UTC",
            "nextRunAt": JSON(job.schedule.next(after: appliance.time.now())),
            "lastRun": try appliance.scheduler.runs.last(job.name)?.json ?? .null,
        ]
    }

    private func runs(_ context: OperatorRequestContext) throws -> Response {
        let page = try Page(context.request)
        let runs = try appliance.scheduler.runs.list(job: page["job"], limit: page.limit + 1, cursor: page.cursor)
        let next = runs.count > page.limit ? runs[page.limit - 1].id : nil
        return Answer.json(["items": .array(runs.prefix(page.limit).map(\.json)), "nextCursor": JSON(next)])
    }

    private func outbox(_ context: OperatorRequestContext) throws -> Response {
        let page = try Page(context.request)
        let status = try page["status"].map { word in
            guard let status = Outbox.Status(rawValue: word) else {
                let known = Outbox.Status.allCases.map(\.rawValue).joined(separator: ", ")
                throw DomainError.invalid("status", "not_valid", "One of \(known).")
            }
            return status
        }
        let tenant = page["tenant"].map { appliance.directory[$0]?.id ?? $0 }
        let (items, next) = try appliance.outbox.list(
            limit: page.limit, cursor: page.cursor, search: page["q"], status: status, tenant: tenant)
        return Answer.json(["items": .array(items), "nextCursor": JSON(next)], for: context.request)
    }

    private func createOperator(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let email = body.text("email", required: true, max: 254) ?? ""
        let password = body.secret("password", required: true) ?? ""
        let role = body.text("role", max: 20) { OperatorRole(rawValue: $0) != nil }
        try body.finish()
        let made = try await appliance.signIn.createOperator(
            email: email, password: password, role: role.flatMap(OperatorRole.init) ?? .owner,
            by: context.principal.actor)
        return Answer.json(made.json, status: .created)
    }

    private func setRole(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let role = body.text("role", required: true, max: 20) { OperatorRole(rawValue: $0) != nil }
        try body.finish()
        return Answer.json(
            try await appliance.signIn.setOperatorRole(
                context.http.parameters.get("id") ?? "", role.flatMap(OperatorRole.init) ?? .support,
                by: context.principal.actor
            ).json)
    }

    private func resetPassword(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        return Answer.json(
            try await appliance.signIn.resetOperatorPassword(
                context.http.parameters.get("id") ?? "", password: password, by: context.principal.actor
            ).json)
    }
}

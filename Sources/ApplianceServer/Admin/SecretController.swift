import ApplianceCore
import Backups
import CollectionKit
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// The master key: how much is sealed with it and with those of before, and its rotation, which only the command line
/// may ask for.
struct SecretController: Sendable {
    let appliance: Appliance

    private var rotation: SecretRotation {
        SecretRotation(
            master: appliance.master, system: appliance.system, directory: appliance.directory,
            catalog: appliance.catalog)
    }

    func add(to routes: Routes) {
        routes.operator(
            .get, "/api/admin/secrets", "How much is sealed with which key", .gives(.secrets), needs: .manage
        ) { _ in
            Answer.json(
                try await rotation.run(seals: false).json.adding(["retiredKeys": JSON(appliance.master.retiredCount)]))
        }
        routes.operator(
            .post, "/api/admin/secrets/rotate", "Make a new master key and seal everything with it",
            .mayTake(.flag("resume")).gives(.secrets)
        ) {
            try await rotate($0)
        }
        routes.operator(
            .post, "/api/admin/secrets/forget-retired", "Let go of the master keys of before", .gives(.secrets)
        ) { try await forget($0) }
    }

    private func requireCommandLine(_ context: OperatorRequestContext) throws {
        guard context.isCommandLine else {
            throw DomainError.forbidden("control_only", "Keys are changed on the command line.")
        }
    }

    /// With `"resume": true` no new key is made: only what a run that was cut short left is sealed anew.
    private func rotate(_ context: OperatorRequestContext) async throws -> Response {
        try requireCommandLine(context)
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let isResumed = body.flag("resume") ?? false
        try body.finish()
        if !isResumed {
            try appliance.master.rotate()
            try await appliance.tenants.record(
                "secrets.rotate", of: "master.key", by: context.principal.actor, requestID: context.requestID)
            appliance.signIn.sessions.forgetAll()
        }
        await appliance.backups.settleSeals()
        let report = try await rotation.run(seals: true)
        return Answer.json(report.json.adding(["retiredKeys": JSON(appliance.master.retiredCount)]))
    }

    private func forget(_ context: OperatorRequestContext) async throws -> Response {
        try requireCommandLine(context)
        let report = try await rotation.run(seals: true)
        guard await appliance.backups.settleSeals(again: true) else {
            throw DomainError.unavailable(
                "backups_unavailable", "The backups could not be sealed with the new key; the old ones are kept.",
                hint: "See that the backups folder can be written, and try again.")
        }
        try appliance.master.forgetRetired()
        try await appliance.tenants.record(
            "secrets.forget-retired", of: "master.key", by: context.principal.actor, requestID: context.requestID)
        return Answer.json(report.json.adding(["retiredKeys": 0]))
    }
}

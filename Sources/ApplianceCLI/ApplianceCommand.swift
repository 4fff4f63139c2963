import ApplianceCore
import ArgumentParser
import Foundation

/// `appliance`: one file per command, each one request to the running server, or to one started for the moment.
@main
struct ApplianceCommand: AsyncParsableCommand {
    /// Each command names itself: to find out a type's own name, ArgumentParser prints it, for which Swift looks
    /// through all conformances of the program: 30 ms for all commands, each time that one is run.
    static let configuration = CommandConfiguration(
        commandName: "appliance",
        abstract: "Runs a whole multi-tenant SaaS for small shops from one binary.",
        discussion: """
            appliance init                      make the data folder; prints a one-time setup link
            appliance serve                     run API, admin page, scheduler and backups
            appliance backup create             take a proved snapshot now
            appliance restore --tenant acme     bring one shop back
            """,
        version: applianceVersion,
        subcommands: [
            ServeCommand.self, InitCommand.self, DemoCommand.self, OperatorCommand.self, TenantCommand.self,
            UserCommand.self, RoleCommand.self, APIKeyCommand.self, RecordCommand.self, CollectionCommand.self,
            BackupCommand.self,
            RestoreCommand.self, ScheduleCommand.self, AlertCommand.self, OutboxCommand.self, ErasureCommand.self,
            PlanCommand.self, UsageCommand.self, FlagCommand.self, SigningKeyCommand.self, IdentityProviderCommand.self,
            SettingsCommand.self, LegalCommand.self, SecretsCommand.self, ImportCommand.self, AuditCommand.self,
            ConfigCommand.self, VersionCommand.self,
        ])

    static func main() async {
        // Whatever this process makes is the operator's alone, SQLite's own files included.
        umask(0o077)
        do {
            let command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
        } catch let error as DomainError {
            Failure.report(error)
            Foundation.exit(Failure.exitCode(error))
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            let stream = code.isSuccess ? FileHandle.standardOutput : FileHandle.standardError
            if !message.isEmpty { stream.write(Data((message + "\n").utf8)) }
            Foundation.exit(code == .validationFailure ? Failure.usage : code.rawValue)
        }
    }
}

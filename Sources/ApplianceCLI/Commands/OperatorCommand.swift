import ApplianceCore
import ArgumentParser

struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "The people who run the appliance.",
        subcommands: [
            Create.self, List.self, SetRole.self, Roles.self, Disable.self, ResetPassword.self, ResetLink.self,
            ResetTOTP.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "create", abstract: "Create an operator.")
        @Argument(help: "E-mail address.") var email: String
        @Option(help: "owner, support (looks, changes nothing) or billing.") var role: String?
        @OptionGroup var password: PasswordOptions
        @OptionGroup var options: DataOptions

        func run() async throws {
            let body: JSON = [
                "email": .string(email), "password": .string(try password.get()), "role": JSON(role),
            ]
            let made = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "/api/admin/operators", body)
            }
            if options.json { Output.print(made) } else { print("Created operator \(email).") }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List operators.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList("/api/admin/operators", ["EMAIL", "ROLE", "STATUS", "CREATED"]) { person in
                ["email", "role", "status", "createdAt"].map { Output.text(person, $0) }
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Disable an operator and end all sessions.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "/api/admin/operators/\(email.pathComponent)/disable")
            }
            if options.json { Output.print(answer) } else { print("Disabled \(email).") }
        }
    }

    struct ResetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-password", abstract: "Set a new password and end all sessions.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var password: PasswordOptions
        @OptionGroup var options: DataOptions

        func run() async throws {
            let body: JSON = ["password": .string(try password.get())]
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "/api/admin/operators/\(email.pathComponent)/reset-password", body)
            }
            if options.json { Output.print(answer) } else { print("The password of \(email) is set.") }
        }
    }
}

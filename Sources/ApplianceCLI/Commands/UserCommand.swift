import ApplianceCore
import ArgumentParser

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "The people of a shop.",
        subcommands: [
            Create.self, List.self, SetRole.self, Disable.self, Enable.self, ResetPassword.self, ResetLink.self,
            Invite.self, Invitations.self, RevokeInvitation.self, Sessions.self, SignOut.self,
            ResetTOTP.self,
        ])

    struct Shop: ParsableArguments {
        @Option(help: "Slug or id of the shop.") var tenant: String
        @OptionGroup var options: DataOptions
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a user.")
        @Argument(help: "E-mail address.") var email: String
        @Option(help: "owner, admin, staff, viewer, or a role of the shop's own.") var role = "staff"
        @Option(help: "Name.") var name: String?
        @OptionGroup var password: PasswordOptions
        @OptionGroup var shop: Shop

        func run() async throws {
            var members: [JSON.Member] = [
                .init("email", .string(email)), .init("role", .string(role)),
                .init("password", .string(try password.get())),
            ]
            if let name { members.append(.init("name", .string(name))) }
            let body = JSON.object(members)
            let made = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/users", body, tenant: shop.tenant)
            }
            if shop.options.json { Output.print(made) } else { print("Created \(email) (\(role)).") }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the users of a shop.")
        @OptionGroup var shop: Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("GET", "/api/users", tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            Output.table(
                ["EMAIL", "ROLE", "STATUS", "NAME"],
                (answer["items"]?.arrayValue ?? []).map { user in
                    ["email", "role", "status", "name"].map { Output.text(user, $0) }
                })
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Disable a user and end all sessions.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var shop: Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/users/\(email.pathComponent)/disable", tenant: shop.tenant)
            }
            if shop.options.json { Output.print(answer) } else { print("Disabled \(email).") }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Let a disabled user in again.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var shop: Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/users/\(email.pathComponent)/enable", tenant: shop.tenant)
            }
            if shop.options.json { Output.print(answer) } else { print("Enabled \(email).") }
        }
    }

    struct SetRole: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "set-role", abstract: "Give a user another role.")
        @Argument(help: "E-mail address or id.") var email: String
        @Argument(help: "owner, admin, staff, viewer, or a role of the shop's own.") var role: String
        @OptionGroup var shop: Shop

        func run() async throws {
            let body: JSON = ["role": .string(role)]
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/users/\(email.pathComponent)/role", body, tenant: shop.tenant)
            }
            if shop.options.json { Output.print(answer) } else { print("\(email) is \(role) now.") }
        }
    }

    struct ResetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-password", abstract: "Set a new password and end all sessions.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var password: PasswordOptions
        @OptionGroup var shop: Shop

        func run() async throws {
            let body: JSON = ["password": .string(try password.get())]
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/users/\(email.pathComponent)/reset-password", body, tenant: shop.tenant)
            }
            if shop.options.json { Output.print(answer) } else { print("The password of \(email) is set.") }
        }
    }
}

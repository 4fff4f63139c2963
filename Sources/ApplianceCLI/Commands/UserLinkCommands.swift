import ApplianceCore
import ArgumentParser

/// Invitations and reset links.
extension UserCommand {
    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "invite", abstract: "Invite somebody; prints a link, good once and for 7 days.")
        @Argument(help: "E-mail address.") var email: String
        @Option(help: "owner, admin, staff, viewer, or a role of the shop's own.") var role = "staff"
        @Option(help: "Name.") var name: String?
        @OptionGroup var shop: Shop

        func run() async throws {
            var members: [JSON.Member] = [.init("email", .string(email)), .init("role", .string(role))]
            if let name { members.append(.init("name", .string(name))) }
            let body = JSON.object(members)
            let made = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/invitations", body, tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(made) }
            print("\(email) joins as \(role) with this link, once and within 7 days:\n\(Output.text(made, "link"))")
        }
    }

    struct Invitations: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "invitations", abstract: "List invitations.")
        @OptionGroup var shop: Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("GET", "/api/invitations", tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            Output.table(
                ["ID", "EMAIL", "ROLE", "STATUS", "EXPIRES"],
                (answer["items"]?.arrayValue ?? []).map { item in
                    ["id", "email", "role", "status", "expiresAt"].map { Output.text(item, $0) }
                })
        }
    }

    struct RevokeInvitation: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke-invitation", abstract: "Withdraw an invitation; its link is dead.")
        @Argument(help: "Id of the invitation.") var id: String
        @OptionGroup var shop: Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/invitations/\(id.pathComponent)/revoke", tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            print("The invitation of \(Output.text(answer, "email")) is withdrawn.")
        }
    }

    struct ResetLink: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-link", abstract: "Print a link that sets a new password, once and within 30 minutes.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var shop: Shop

        func run() async throws {
            let made = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/users/\(email.pathComponent)/reset-link", tenant: shop.tenant)
            }
            if shop.options.json { Output.print(made) } else { print(Output.text(made, "link")) }
        }
    }
}

extension OperatorCommand {
    struct ResetLink: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-link", abstract: "Print a link that sets a new password, once and within 30 minutes.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let made = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "/api/admin/operators/\(email.pathComponent)/reset-link")
            }
            if options.json { Output.print(made) } else { print(Output.text(made, "link")) }
        }
    }
}

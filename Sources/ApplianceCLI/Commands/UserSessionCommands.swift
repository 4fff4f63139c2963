import ApplianceCore
import ArgumentParser

/// Where users are signed in.
extension UserCommand {
    struct Sessions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sessions", abstract: "List where a user is signed in.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var shop: Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("GET", "/api/users/\(email.pathComponent)/sessions", tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            Output.table(
                ["SINCE", "UNTIL", "ADDRESS", "BROWSER"],
                (answer["items"]?.arrayValue ?? []).map { session in
                    ["createdAt", "expiresAt", "address", "userAgent"].map { Output.text(session, $0) }
                })
        }
    }

    struct SignOut: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sign-out", abstract: "End all sessions of a user.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var shop: Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/users/\(email.pathComponent)/sign-out", tenant: shop.tenant)
            }
            if shop.options.json { Output.print(answer) } else { print("\(email) is signed out everywhere.") }
        }
    }
}

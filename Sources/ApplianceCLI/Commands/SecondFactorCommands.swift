import ApplianceCore
import ArgumentParser

/// For those whose authenticator app and recovery codes are gone.
extension UserCommand {
    struct ResetTOTP: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-totp", abstract: "Take away a lost second factor and end all sessions.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var shop: Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/users/\(email.pathComponent)/reset-totp", tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            print("\(email) signs in with the password alone now.")
        }
    }
}

extension OperatorCommand {
    struct ResetTOTP: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-totp", abstract: "Take away a lost second factor and end all sessions.")
        @Argument(help: "E-mail address or id.") var email: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "/api/admin/operators/\(email.pathComponent)/reset-totp")
            }
            if options.json { return Output.print(answer) }
            print("\(email) signs in with the password alone now.")
        }
    }
}

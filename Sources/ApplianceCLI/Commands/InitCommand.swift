import ApplianceCore
import ApplianceServer
import ArgumentParser
import Foundation

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the data folder and the first operator.",
        discussion: """
            Without an e-mail address it prints a one-time setup link, good for 30 minutes.
            Examples:
              appliance init
              appliance init --operator-email op@example.com --password-file op.pw
            """)

    @OptionGroup var options: DataOptions
    @OptionGroup var password: PasswordOptions
    @Option(help: "Make this operator instead of a setup link.") var operatorEmail: String?
    @Option(help: "\(ConfigurationKey.port.help) For the link.") var port: String?
    @Option(help: "Make this shop, without a trial, and let it be meant wherever no shop is named.")
    var defaultTenant: String?
    @Option(help: "E-mail address of that shop's owner.") var ownerEmail: String?
    @Option(help: "File whose first line is that owner's password.") var ownerPasswordFile: String?

    func run() async throws {
        let configuration = try options.global.configuration([.port: port])
        let secret = try operatorEmail == nil ? nil : password.get()
        let shop = try defaultShop()
        try await ControlSession.with(configuration) { client in
            let operators = try await client.send("GET", "/api/admin/operators")["items"]?.arrayValue ?? []
            if let shop, let slug = shop["slug"] {
                try await client.send("POST", "/api/admin/tenants", shop)
                try await client.send("PATCH", "/api/admin/settings/default-tenant", ["value": slug])
            }
            if let operatorEmail, let secret {
                let made = try await client.send(
                    "POST", "/api/admin/operators", ["email": .string(operatorEmail), "password": .string(secret)])
                if options.json {
                    Output.print(made)
                } else {
                    print("Operator \(operatorEmail) can sign in at \(configuration.address)/admin")
                }
            } else if !operators.isEmpty {
                if options.json {
                    Output.print(["setupLink": nil])
                } else {
                    print("This appliance is set up already: sign in at \(configuration.address)/admin")
                }
            } else {
                let token = try await client.send("POST", "/api/admin/operators/setup-link")["token"]?.stringValue ?? ""
                let link = "\(configuration.address)/admin#/setup/\(token)"
                if options.json {
                    Output.print(["setupLink": .string(link)])
                } else {
                    print("Setup link (once, 30 minutes): \(link)")
                }
            }
        }
    }

    /// What the one shop of a single-shop appliance is made of.
    private func defaultShop() throws -> JSON? {
        guard let defaultTenant else { return nil }
        guard let ownerEmail else {
            throw DomainError(.invalid, "usage", "Say who owns the shop with --owner-email.")
        }
        let shop: JSON = [
            "slug": .string(defaultTenant), "ownerEmail": .string(ownerEmail), "trialDays": 0,
        ]
        guard let ownerPasswordFile else { return shop }
        var owner = PasswordOptions()
        owner.passwordFile = ownerPasswordFile
        return shop.adding(["ownerPassword": JSON(try owner.fromFile())])
    }
}

import ApplianceCore
import ApplianceServer
import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print every key with its value and where it came from.")
    @OptionGroup var options: DataOptions

    func run() async throws {
        let configuration = try options.global.configuration()
        if options.json {
            return Output.print(
                .object(
                    ConfigurationKey.allCases.map {
                        .init(
                            $0.rawValue,
                            ["value": .string(configuration[$0]), "origin": .string(configuration.origin($0).rawValue)])
                    }))
        }
        Output.table(
            ["KEY", "VALUE", "FROM", "VARIABLE", "MEANING"],
            ConfigurationKey.allCases.map {
                [$0.rawValue, configuration[$0], configuration.origin($0).rawValue, $0.variable, $0.help]
            })
    }
}

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")
    @OptionGroup var options: DataOptions

    func run() async throws {
        if options.json {
            Output.print(["version": .string(applianceVersion)])
        } else {
            print("appliance \(applianceVersion)")
        }
    }
}

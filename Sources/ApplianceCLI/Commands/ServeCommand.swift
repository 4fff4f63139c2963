import ApplianceCore
import ApplianceServer
import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import Storage

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run everything: API, admin page, scheduler, backups.",
        discussion: """
            Examples:
              appliance serve
              appliance serve --host 0.0.0.0 --port 443 --tls-cert chain.pem --tls-key key.pem
            Every option is also a variable (APPLIANCE_PORT) and a line of data/appliance.yaml (port: 8080).
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: "\(ConfigurationKey.host.help)") var host: String?
    @Option(help: "\(ConfigurationKey.port.help)") var port: String?
    @Option(help: "\(ConfigurationKey.domain.help)") var domain: String?
    @Option(help: "\(ConfigurationKey.tlsCert.help)") var tlsCert: String?
    @Option(help: "\(ConfigurationKey.tlsKey.help)") var tlsKey: String?
    @Option(help: "\(ConfigurationKey.logLevel.help)") var logLevel: String?
    @Option(help: "\(ConfigurationKey.web.help)") var web: String?

    func run() async throws {
        let configuration = try global.configuration([
            .host: host, .port: port, .domain: domain, .tlsCert: tlsCert, .tlsKey: tlsKey, .logLevel: logLevel,
            .web: web,
        ])
        try FileSystem.makeFolder(configuration.data.root)
        let lock = try DataDirectoryLock(configuration.data)
        var logger = Logger(label: "appliance") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: configuration[.logLevel]) ?? .info
        let appliance = try await Appliance(configuration, lock: lock, logger: logger)
        let group = try appliance.serverGroup { port in await Self.announce(appliance, port) }
        try await group.run()
        try await appliance.shutdown()
    }

    /// Says where it listens, and on the first start how to get in.
    private static func announce(_ appliance: Appliance, _ port: Int) async {
        let configuration = appliance.configuration
        let address = "\(configuration.isTLS ? "https" : "http")://\(configuration[.host]):\(port)"
        print("Appliance \(applianceVersion) at \(address)/admin")
        if (try? appliance.hasOperator()) == false {
            print("There is no operator yet: appliance init prints a one-time setup link.")
        }
        fflush(nil)
    }
}

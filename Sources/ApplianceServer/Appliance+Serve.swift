import ApplianceCore
import Foundation
package import HTTPAPI
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
package import ServiceLifecycle
import Storage
import UnixSignals

extension Appliance {
    private enum Limit {
        /// How long requests under way may take to finish once the server is told to stop.
        static let shutdown = Duration.seconds(8)
        /// Descriptors kept free beside those of database files: for backups, the log and the rest.
        static let reservedDescriptors = 320
        /// Connections at once, whatever the descriptors allow.
        static let connections = 20_000
    }

    /// The services of a running server: the control socket, the scheduler, and last the port.
    /// `running` gets the port once it is open.
    package func serverGroup(
        limits: ConnectionGuard.Limits = .init(), running: @escaping @Sendable (Int) async -> Void
    ) throws -> ServiceGroup {
        let routes = try makeRoutes()
        let responder = OwnTaskResponder(routes.router.buildResponder())
        let port = Application(
            responder: responder, server: try publicServer(routes.connectionHandlers(limits)),
            configuration: .init(
                address: .hostname(configuration[.host], port: configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(connectionLimit)),
            onServerRunning: { channel in
                Task.detached(priority: .background) { await sweep() }
                await running(channel.localAddress?.port ?? configuration.port)
            }, logger: quietLogger)
        var group = ServiceGroupConfiguration(
            // Stopped from the last to the first: the streams of events end before the port waits for its requests.
            services: [
                controlServer(responder, configuration.data.controlSocket, running: {}), scheduler, alertWatch, port,
                events,
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quietLogger)
        group.maximumGracefulShutdownDuration = Limit.shutdown
        return ServiceGroup(configuration: group)
    }

    /// Only a control socket, known to nobody else: what a command talks to while no server runs.
    package func commandGroup(running: @escaping @Sendable () async -> Void) throws -> ServiceGroup {
        let responder = try makeRoutes().router.buildResponder()
        return ServiceGroup(
            configuration: .init(
                services: [controlServer(responder, configuration.data.commandSocket, running: running)],
                logger: quietLogger))
    }

    private func controlServer(
        _ responder: some HTTPResponder<ApplianceRequestContext>, _ socket: URL,
        running: @escaping @Sendable () async -> Void
    ) -> some Service {
        // Left by a process that was killed; the lock says that it is gone.
        try? FileSystem.remove(socket)
        return Application(
            responder: responder, server: .http1(configuration: .init()),
            configuration: .init(address: .unixDomainSocket(path: socket.path)),
            onServerRunning: { _ in
                chmod(socket.path, 0o600)
                await running()
            }, logger: quietLogger)
    }

    /// Hummingbird and the service group say at `info` what we say in our own words.
    private var quietLogger: Logger { Logger(label: "appliance.http") { _ in WarningsOnly(base: logger) } }

    private func publicServer(
        _ handlers: @escaping @Sendable () -> [any RemovableChannelHandler]
    ) throws -> HTTPServerBuilder {
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: handlers(), idleTimeout: nil,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
        guard configuration.isTLS else { return http }
        return try .tls(http, tlsConfiguration: tlsConfiguration())
    }

    /// TLS 1.2 at least (the library's default is 1.0), forward secrecy and authenticated encryption only.
    private func tlsConfiguration() throws -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(configuration[.tlsCert]).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: configuration[.tlsKey], format: .pem)
            var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
            tls.minimumTLSVersion = .tlsv12
            tls.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
            tls.applicationProtocols = ["http/1.1"]
            // Tells whether the two belong together, before the port is opened.
            _ = try NIOSSLContext(configuration: tls)
            return tls
        } catch {
            throw DomainError(
                .invalid, "tls_invalid", "The certificate or the key cannot be used.",
                hint: "Both must be PEM files that belong together.", cause: "\(error)")
        }
    }

    private var connectionLimit: Int {
        let free = DescriptorLimit.raised - storage.descriptors - Limit.reservedDescriptors
        return min(Limit.connections, max(64, free))
    }
}

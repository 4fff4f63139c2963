import ApplianceCore
import AsyncHTTPClient
import Foundation
import HTTPAPI
import Logging
import ModuleKit
import NIOCore
import ServiceLifecycle
import Storage
import Testing

@testable import ApplianceServer

/// A whole appliance on a folder and a port of its own.
final class TestServer: Sendable {
    let appliance: Appliance
    let clock: TestClock
    let port: Int

    init(_ appliance: Appliance, _ clock: TestClock, port: Int) {
        (self.appliance, self.clock, self.port) = (appliance, clock, port)
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension ConnectionGuard.Limits {
    /// For tests of other things, which must not fail because a busy machine is slow.
    static var patient: Self {
        var limits = Self()
        (limits.header, limits.idle, limits.body, limits.drain) = (.minutes(5), .minutes(5), .minutes(5), .minutes(5))
        return limits
    }
}

/// Runs `body` against a server that listens, and stops it afterwards.
func withServer(
    _ flags: [ConfigurationKey: String] = [:], limits: ConnectionGuard.Limits = .patient,
    modules: [Module] = allModules, _ body: (TestServer) async throws -> Void
) async throws {
    // Short: the path of the control socket has to fit into 107 bytes.
    let root = FileManager.default.temporaryDirectory.appending(path: "srv-\(Random.token(bytes: 6))")
    try FileSystem.makeFolder(root)
    defer { try? FileSystem.remove(root) }
    let own: [ConfigurationKey: String] = [
        .data: root.appending(path: "data").path, .backups: root.appending(path: "backups").path, .port: "0",
        .bcryptCost: "4",
    ]
    let configuration = try Configuration(flags: own.merging(flags) { _, given in given }, environment: [:])
    try FileSystem.makeFolder(configuration.data.root)
    let clock = TestClock()
    let appliance = try await Appliance(
        configuration, lock: DataDirectoryLock(configuration.data), logger: TestServer.logger, time: clock.source,
        modules: modules)
    try await serve(appliance, clock, limits, body)
    try await appliance.shutdown()
}

private func serve(
    _ appliance: Appliance, _ clock: TestClock, _ limits: ConnectionGuard.Limits,
    _ body: (TestServer) async throws -> Void
) async throws {
    let (ports, opened) = AsyncStream.makeStream(of: Int.self)
    let group = try appliance.serverGroup(limits: limits) { opened.yield($0) }
    try await withThrowingTaskGroup { tasks in
        tasks.addTask {
            defer { opened.finish() }
            try await group.run()
        }
        let result: Result<Void, any Error>
        do {
            let port = try #require(await ports.first { _ in true }, "the server did not start")
            result = .success(try await body(TestServer(appliance, clock, port: port)))
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        try result.get()
    }
}

/// What the tests know everybody by.
let goodPassword = "correct horse battery staple"

/// Somebody with a session.
struct Person: Sendable {
    let id: String
    let token: String
    let csrfToken: String
    /// The value of the `Cookie` header.
    let cookie: String
}

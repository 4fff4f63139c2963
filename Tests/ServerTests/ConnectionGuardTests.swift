import ApplianceCore
import HTTPAPI
import NIOCore
import Testing

@testable import ApplianceServer

/// Slow and endless clients against a server with short limits. The suite's time limit is the bound on every wait.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct ConnectionGuardTests {
    private static let limits: ConnectionGuard.Limits = {
        var limits = ConnectionGuard.Limits()
        (limits.header, limits.idle, limits.body) = (.milliseconds(600), .milliseconds(600), .milliseconds(600))
        (limits.unread, limits.drain) = (.milliseconds(200), .milliseconds(600))
        return limits
    }()

    private static let post =
        "POST /api/auth/login HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n"

    /// Closed within the limit, or somewhat later on a busy machine, but not at once.
    private func expectSlowClose(
        _ server: TestServer, _ request: String, drips: Bool = false, location: SourceLocation = #_sourceLocation
    ) async throws {
        let start = ContinuousClock.now
        let text = try await RawConnection.run(server.port) { connection in
            // On a busy machine it may be closed by then: that shows in what comes back.
            try? await connection.send(request)
            if drips { connection.drip(every: .milliseconds(20)) }
            return await connection.untilClosed()
        }
        let seconds = start.duration(to: .now).inSeconds
        #expect(text == "" && seconds > 0.4 && seconds < 30, "\(seconds) s: \(text)", sourceLocation: location)
    }

    @Test(arguments: ["", "GET", "GET /api/health HTTP/1.1\r\nHost: a\r\nX-Slow: "])
    func `a header that does not end is not waited for`(start: String) async throws {
        try await withServer(limits: Self.limits) { server in
            try await expectSlowClose(server, start)
            try await server.expect(200, "GET", "/api/health/live")
        }
    }

    @Test func `a header that drips is not waited for`() async throws {
        try await withServer(limits: Self.limits) { server in
            try await expectSlowClose(server, "GET /api/health HTTP/1.1\r\nHost: a\r\nX-Slow: ", drips: true)
        }
    }

    @Test(arguments: [false, true]) func `a body that stalls or drips is not waited for`(drips: Bool) async throws {
        try await withServer(limits: Self.limits) { server in
            try await expectSlowClose(server, Self.post + "Content-Length: 900\r\n\r\n{", drips: drips)
            try await server.expect(200, "GET", "/api/health/live")
        }
    }

    @Test func `a connection kept alive is closed when nothing more is asked`() async throws {
        try await withServer(limits: Self.limits) { server in
            let start = ContinuousClock.now
            try await RawConnection.run(server.port) { connection in
                for _ in 0..<3 {
                    try await connection.send("GET /api/health/live HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await connection.until(#"{"status":"ok"}"#).hasPrefix("HTTP/1.1 200"))
                }
                #expect(await connection.untilClosed() == "")
            }
            #expect(start.duration(to: .now) > .milliseconds(400))
        }
    }

    @Test func `a client that does not read is not waited for`() async throws {
        try await withServer(limits: Self.limits) { server in
            let requests = 3000
            let text = try await RawConnection.run(server.port) { connection in
                try await connection.send(
                    String(repeating: "GET /api/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n", count: requests))
                await connection.pause(.seconds(3))
                return await connection.untilClosed()
            }
            let answers = text.matches(of: /HTTP\/1.1 200/).count
            #expect(answers > 0 && answers < requests)
        }
    }

    @Test func `what is left of a small body costs nobody the connection`() async throws {
        try await withServer(limits: .init()) { server in
            try await RawConnection.run(server.port) { connection in
                for _ in 0..<3 {
                    // Refused for its type before the body has come.
                    try await connection.send(
                        "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n"
                    )
                    #expect(try await connection.until("json_required").hasPrefix("HTTP/1.1 415"))
                    try await connection.send("body")
                }
            }
        }
    }

    @Test func `a body that nobody wants is not read to its end`() async throws {
        try await withServer(limits: .init()) { server in
            let person = try await server.setUp()
            try await RawConnection.run(server.port) { connection in
                try await connection.send(
                    "POST /api/admin/operators HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(person.token)\r\n"
                        + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
                var sent = 0
                do {
                    while sent < 1 << 30 {
                        try await connection.send(chunk)
                        sent += chunk.utf8.count
                    }
                } catch {}
                #expect(sent < 256 << 20, "\(sent) bytes were taken")
                let answer = await connection.untilClosed()
                #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("body_too_large"))
            }
            try await server.expect(200, "GET", "/api/health/live")
        }
    }

    @Test func `an answer to a stalled body is given at once, and the connection closed soon`() async throws {
        try await withServer(limits: .init()) { server in
            let start = ContinuousClock.now
            let answer = try await server.exchange(
                "POST /nothing/here HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
            #expect(answer.hasPrefix("HTTP/1.1 404") && start.duration(to: .now) < .seconds(10))
        }
    }
}

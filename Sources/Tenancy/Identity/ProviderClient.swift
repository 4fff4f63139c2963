import ApplianceCore
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Requests of the server to identity providers: no redirects followed, little read, little waited for.
struct ProviderClient: Sendable {
    enum Limit {
        /// For one answer as a whole.
        static let time = Duration.seconds(10)
        static let bytes = 64 << 10
    }

    let addresses: ProviderAddress
    let time: TimeSource

    private struct Reply: Sendable {
        let status: UInt
        let body: [UInt8]
    }

    /// `bearer`: an access token.
    func get(_ address: String, bearer: String? = nil) async throws -> JSON {
        var request = HTTPClientRequest(url: address)
        if let bearer { request.headers.add(name: "Authorization", value: "Bearer \(bearer)") }
        return try await answer(request)
    }

    /// `basic`: a user's name and password as they stand behind `Basic`.
    func post(_ address: String, form: [(String, String)], basic: String? = nil) async throws -> JSON {
        var request = HTTPClientRequest(url: address)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        if let basic { request.headers.add(name: "Authorization", value: "Basic \(basic)") }
        request.body = .bytes(Array(FormEncoding.text(form).utf8))
        return try await answer(request)
    }

    /// Throws `provider_unreachable` for anything but a JSON answer in time, and `provider_answer_refused` where that
    /// says an error.
    private func answer(_ plain: HTTPClientRequest) async throws -> JSON {
        guard addresses.allows(plain.url) else { throw Self.failed("\(plain.url.prefix(200)) may not be called") }
        var request = plain
        request.headers.add(name: "Accept", value: "application/json")
        // GitHub answers nobody without a name.
        request.headers.add(name: "User-Agent", value: "appliance/\(applianceVersion)")
        let reply: Reply
        do {
            reply = try await inTime(request)
        } catch let error as DomainError {
            throw error
        } catch {
            throw Self.failed("\(request.url.prefix(200)): \(error)")
        }
        // Also a redirect: where it leads, nobody looked at.
        guard reply.status == 200 else {
            let answered = "\(request.url.prefix(200)) answered \(reply.status)"
            guard [400, 401].contains(reply.status), let error = (try? JSONParser.parse(reply.body))?["error"] else {
                throw Self.failed(answered)
            }
            throw IDToken.refused("\(answered): \(error.text.prefix(100))")
        }
        do {
            return try JSONParser.parse(reply.body)
        } catch {
            throw Self.failed("\(request.url.prefix(200)) answered no JSON: \(error.message)")
        }
    }

    private func inTime(_ request: HTTPClientRequest) async throws -> Reply {
        try await withThrowingTaskGroup(of: Reply.self) { tasks in
            tasks.addTask { try await Self.fetch(request) }
            tasks.addTask { [time] in
                try await time.sleep(until: time.now().adding(Limit.time))
                throw Self.failed("\(request.url.prefix(200)) did not answer in \(Limit.time)")
            }
            defer { tasks.cancelAll() }
            guard let reply = try await tasks.next() else { throw Self.failed("nothing was asked") }
            return reply
        }
    }

    /// Sign-ins are rare: a client and a connection of its own for each is simpler than one to look after.
    private static func fetch(_ request: HTTPClientRequest) async throws -> Reply {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10)))
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
            let response = try await http.execute(request, timeout: .seconds(10))
            let body = try await response.body.collect(upTo: Limit.bytes)
            return Reply(status: response.status.code, body: Array(body.readableBytesView))
        }
    }

    static func failed(_ cause: String) -> DomainError {
        .unavailable(
            "provider_unreachable", "The identity provider does not answer as it should.",
            hint: "Try again later, or sign in with the password.", cause: cause)
    }
}

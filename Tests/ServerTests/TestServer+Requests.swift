import ApplianceCore
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Testing

/// What the server said.
struct ServerAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    var json: JSON { (try? JSONParser.parse(body)) ?? .null }
    var text: String { String(decoding: body, as: UTF8.self) }
    var code: String? { json["code"]?.stringValue }
    var items: [JSON] { json["items"]?.arrayValue ?? [] }

    subscript(_ header: String) -> String? { headers.first(name: header) }
}

extension TestServer {
    static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.decompression = .disabled
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Sends one request: as `person` by token, in `tenant` by header, with `json` or `body`.
    func send(
        _ method: String, _ path: String, by person: Person? = nil, tenant: String? = nil, json: JSON? = nil,
        body: [UInt8]? = nil, headers: [(String, String)] = []
    ) async throws -> ServerAnswer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = HTTPMethod(rawValue: method)
        request.headers = HTTPHeaders(headers)
        if let person { request.headers.add(name: "Authorization", value: "Bearer \(person.token)") }
        if let tenant { request.headers.add(name: "X-Tenant-ID", value: tenant) }
        if let json {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(json.bytes)
        } else if let body {
            request.body = .bytes(body)
        }
        let response = try await Self.client.execute(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        let answer = ServerAnswer(
            status: Int(response.status.code), headers: response.headers, body: Array(buffer: bytes))
        if let fault = try AnswerForms.of(appliance).fault(method, path, answer) {
            Issue.record("\(method) \(path), as described: \(fault)")
        }
        return answer
    }

    /// As `send`, and the status must be `expected`.
    @discardableResult
    func expect(
        _ expected: Int, _ method: String, _ path: String, by person: Person? = nil, tenant: String? = nil,
        json: JSON? = nil, body: [UInt8]? = nil, headers: [(String, String)] = [],
        location: SourceLocation = #_sourceLocation
    ) async throws -> ServerAnswer {
        let answer = try await send(
            method, path, by: person, tenant: tenant, json: json, body: body, headers: headers)
        #expect(answer.status == expected, "\(method) \(path): \(answer.text.prefix(300))", sourceLocation: location)
        return answer
    }
}

import ApplianceCore
import ApplianceServer
import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Storage

/// The way to the server: the control socket of the running one, or of one that lives for this command only. Whether
/// one runs is the data folder's lock to say, so two never work on the same files.
enum ControlSession {
    private enum Limit {
        /// For a server that is starting, or another command that works on the folder meanwhile.
        static let patience = Duration.seconds(60)
        static let pause = Duration.milliseconds(50)
    }

    /// Runs `body` with a session; waits while another command has the folder.
    static func with<Value: Sendable>(
        _ configuration: Configuration, _ body: (ControlClient) async throws -> Value
    ) async throws -> Value {
        let data = configuration.data
        let path = data.controlSocket.path
        guard path.utf8.count < 108 else {
            throw DomainError(
                .invalid, "path_too_long", "The path of the control socket is too long for the system: \(path).",
                hint: "Use a data folder with a shorter path.")
        }
        try FileSystem.makeFolder(data.root)
        let deadline = ContinuousClock.now + Limit.patience
        repeat {
            if let lock = try lockUnlessServed(data) { return try await withTemporaryServer(configuration, lock, body) }
            if answers(path) {
                let isNamed = [.flag, .environment].contains(configuration.origin(.backups))
                return try await ControlClient.with(
                    socket: path, backups: isNamed ? configuration.backups : nil, body)
            }
            try await Task.sleep(for: Limit.pause)
        } while ContinuousClock.now < deadline
        throw DomainError(
            .conflict, "data_in_use", "The data folder \(data.root.path) is in use by a process that does not answer.",
            hint: "A long command may be at work on it: try again later.")
    }

    /// Whether somebody accepts connections on a socket: not so while a server starts, or after it was killed.
    private static func answers(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    /// Nil when another process has it: then that one is the server.
    static func lockUnlessServed(_ data: DataDirectory) throws -> DataDirectoryLock? {
        do {
            return try DataDirectoryLock(data)
        } catch let error as DomainError where error.code == "data_in_use" {
            return nil
        }
    }

    private static func withTemporaryServer<Value: Sendable>(
        _ configuration: Configuration, _ lock: DataDirectoryLock, _ body: (ControlClient) async throws -> Value
    ) async throws -> Value {
        let appliance = try await Appliance(configuration, lock: lock, logger: GlobalOptions.quietLogger())
        let (running, signal) = AsyncStream.makeStream(of: Void.self)
        let group = try appliance.commandGroup { signal.yield() }
        let server = Task { try await group.run() }
        for await _ in running { break }
        let result: Result<Value, any Error>
        do {
            result = .success(try await ControlClient.with(socket: configuration.data.commandSocket.path, body))
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try? await server.value
        try await appliance.shutdown()
        return try result.get()
    }
}

/// Requests through the control socket.
struct ControlClient: Sendable {
    private let http: HTTPClient
    private let base: String
    /// The folder that was named, where the server may have another.
    private let backups: URL?

    private enum Limit {
        static let answer = 64 << 20
        static let line = 16 << 20
        /// Long work tells that it lives by its progress lines; this is for the whole.
        static let request = TimeAmount.hours(24)
    }

    static func with<Value>(
        socket: String, backups: URL? = nil, _ body: (ControlClient) async throws -> Value
    ) async throws -> Value {
        let http = HTTPClient(eventLoopGroupProvider: .singleton)
        let host = socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socket
        let client = ControlClient(http: http, base: "http+unix://\(host)", backups: backups)
        do {
            let value = try await body(client)
            try await http.shutdown()
            return value
        } catch {
            try? await http.shutdown()
            if let error = error as? DomainError { throw error }
            throw DomainError(
                .unavailable, "server_unreachable", "The server that uses the data folder does not answer.",
                hint: "Look at its log; it may be starting or stopping.", cause: "\(error)")
        }
    }

    /// Sends a request and returns the JSON of its answer. Problems are thrown.
    @discardableResult
    func send(_ method: String, _ path: String, _ body: JSON? = nil, tenant: String? = nil) async throws -> JSON {
        let response = try await execute(method, path, body.map { .bytes($0.bytes) }, tenant: tenant)
        let bytes = Array(try await response.body.collect(upTo: Limit.answer).readableBytesView)
        return try Self.checked(bytes, Int(response.status.code))
    }

    /// Sends a request for long work and passes on its progress.
    func sendLong(
        _ method: String, _ path: String, _ body: JSON? = nil, tenant: String? = nil, file: URL? = nil,
        progress: (WorkProgress) -> Void
    ) async throws -> JSON {
        var content = body.map { HTTPClientRequest.Body.bytes($0.bytes) }
        if let file { content = .stream(FileChunks(file: file), length: .known(FileSystem.size(file))) }
        let response = try await execute(
            method, path, content, tenant: tenant, type: file == nil ? "application/json" : "text/csv",
            accept: "application/x-ndjson")
        if response.headers.first(name: "Content-Type") != "application/x-ndjson" {
            let bytes = Array(try await response.body.collect(upTo: Limit.answer).readableBytesView)
            return try Self.checked(bytes, Int(response.status.code))
        }
        var pending: [UInt8] = []
        for try await buffer in response.body {
            pending.append(contentsOf: buffer.readableBytesView)
            while let end = pending.firstIndex(of: 0x0A) {
                let line = try Self.parse(Array(pending[..<end]))
                pending.removeSubrange(...end)
                if let result = line["result"] { return result }
                if let problem = line["problem"] {
                    throw Failure.error(problem: problem, status: Int(problem["status"]?.integerValue ?? 500))
                }
                if let update = line["progress"] { progress(Self.progress(update)) }
            }
            guard pending.count < Limit.line else { throw DomainError.internal("an endless line") }
        }
        throw DomainError(.unavailable, "server_unreachable", "The server stopped before it was done.")
    }

    private static func progress(_ json: JSON) -> WorkProgress {
        WorkProgress(
            json["step"]?.stringValue ?? "", done: json["done"]?.integerValue ?? 0,
            total: json["total"]?.integerValue ?? 0, detail: json["detail"]?.stringValue ?? "")
    }

    private func execute(
        _ method: String, _ path: String, _ body: HTTPClientRequest.Body?, tenant: String?,
        type: String = "application/json", accept: String = "application/json"
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: base + path)
        request.method = .RAW(value: method)
        request.headers.add(name: "Host", value: "localhost")
        request.headers.add(name: "Accept", value: accept)
        if let tenant { request.headers.add(name: "X-Tenant-ID", value: tenant) }
        if let named = backups?.path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) {
            request.headers.add(name: ControlHeader.backups, value: named)
        }
        if let body {
            request.body = body
            request.headers.add(name: "Content-Type", value: type)
        }
        return try await http.execute(request, timeout: Limit.request)
    }

    private static func checked(_ bytes: [UInt8], _ status: Int) throws -> JSON {
        let json = bytes.isEmpty ? JSON.null : try parse(bytes)
        guard status < 400 else { throw Failure.error(problem: json, status: status) }
        return json
    }

    private static func parse(_ bytes: [UInt8]) throws -> JSON {
        do {
            return try JSONParser.parse(bytes)
        } catch {
            throw DomainError.internal("the answer is not JSON: \(error.message)")
        }
    }
}

/// A file as the chunks of a request body.
private struct FileChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let file: URL

    struct Iterator: AsyncIteratorProtocol {
        let file: URL
        var reader: FileReader?

        mutating func next() async throws -> ByteBuffer? {
            let reader = try self.reader ?? FileReader(file)
            self.reader = reader
            let bytes = try reader.next()
            return bytes.isEmpty ? nil : ByteBuffer(bytes: bytes)
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(file: file) }
}

import ApplianceCore
import CollectionKit
import GRDB
import HTTPTypes
import Hummingbird
import Storage
import Synchronization
import Tenancy

/// `Idempotency-Key` for every `POST` whose handler does not keep its answer in the transaction of its change: the
/// first answer is kept in the shop's file, or the control plane's for operators' routes, right after the change.
///
/// Between the two a crash leaves the change without its answer; what is asked again then meets what it made (a slug or
/// an address that is taken) rather than making it twice. While the first request is under way a second one is refused.
struct KeptAnswers: Sendable {
    private let services: HTTPServices
    private let underWay = RequestsUnderWay()

    init(_ services: HTTPServices) { self.services = services }

    func answer(
        _ request: Request, by actor: Actor, in file: DatabaseFile,
        _ handler: (Request) async throws -> Response
    ) async throws -> Response {
        guard let field = request.headers[.idempotencyKey] else { return try await handler(request) }
        let buffer = try await request.body.collect(upTo: RequestBodies.Limit.json)
        let body = Array(buffer.readableBytesView)
        let key = try Idempotency(key: field, actor: actor, request: Self.description(request, body))
        let place = "\(file.name) \(actor.text) \(field)"
        guard underWay.begin(place) else {
            throw DomainError(
                .conflict, "idempotency_key_in_use", "The first request with this Idempotency-Key is still under way.",
                hint: "Ask again in a moment for its answer.", retryAfter: 1)
        }
        defer { underWay.end(place) }
        let now = services.time.now()
        if let kept = try file.read({ db in try key.kept(db, now: now) }) {
            return IdempotentAnswer.response((try open(kept, file), isReplay: true))
        }
        var head = request.head
        // Progress cannot be told twice: one answer, at the end.
        head.headerFields[.accept] = nil
        let whole = Request(head: head, body: RequestBody(buffer: buffer))
        let response = try await handler(whole)
        let answer = try await PlainAnswer(collecting: response)
        guard (200..<300).contains(answer.status.code) else { return answer.response }
        let kept = Idempotency.Answer(
            status: answer.status.code, location: response.headers[.location], etag: response.headers[.eTag],
            body: try seal(answer.body, file))
        try await file.write { db in try key.keep(kept, db, now: now) }
        return answer.response
    }

    /// Some answers hold what is shown once, such as a link that opens an account: they are kept sealed.
    private func seal(_ body: [UInt8], _ file: DatabaseFile) throws -> [UInt8] {
        if body.isEmpty { return body }
        return Array(try sealer(file).seal(String(decoding: body, as: UTF8.self), "answer").utf8)
    }

    /// An answer that was kept before answers were sealed is JSON.
    private func open(_ kept: Idempotency.Answer, _ file: DatabaseFile) throws -> Idempotency.Answer {
        guard let first = kept.body.first, !"{[".utf8.contains(first) else { return kept }
        let body = try sealer(file).open(String(decoding: kept.body, as: UTF8.self), "answer")
        return Idempotency.Answer(
            status: kept.status, location: kept.location, etag: kept.etag, body: Array(body.utf8))
    }

    private func sealer(_ file: DatabaseFile) -> SecretSealer { services.master.sealer(tenant: file.name) }

    /// Spaces and the order of members make no other request.
    private static func description(_ request: Request, _ body: [UInt8]) -> [UInt8] {
        let canonical = (try? JSONParser.parse(body)).map { Array($0.canonicalText.utf8) } ?? body
        return Array("\(request.method.rawValue) \(request.uri.string)\n".utf8) + canonical
    }
}

/// The keys of requests that have no answer yet.
private final class RequestsUnderWay: Sendable {
    private let places = Mutex<Set<String>>([])

    /// False when it has begun already.
    func begin(_ place: String) -> Bool { places.withLock { $0.insert(place).inserted } }
    func end(_ place: String) { places.withLock { _ = $0.remove(place) } }
}

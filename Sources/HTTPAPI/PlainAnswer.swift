package import HTTPTypes
package import Hummingbird
import NIOCore

/// An answer whose body is in memory as a whole: what a handler makes that need not wait, and what a connection can
/// write in one piece.
package struct PlainAnswer: Sendable {
    package var status: HTTPResponse.Status
    package var fields: [HTTPField]
    package var body: [UInt8]
    /// What the plan's rates leave, told besides `fields`.
    var rates: RateLimitFields?

    package init(status: HTTPResponse.Status, fields: [HTTPField] = [], body: [UInt8] = []) {
        (self.status, self.fields, self.body) = (status, fields, body)
    }

    /// The same for Hummingbird.
    package var response: Response {
        var headers = HTTPFields()
        headers.append(contentsOf: fields)
        if let rates { headers.append(contentsOf: rates.fields) }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension PlainAnswer {
    /// Takes the whole body of `response` into memory: for answers that are known to be small.
    init(collecting response: Response) async throws {
        let body = Body()
        try await response.body.write(Collector(body: body))
        // The length is written with the body.
        let fields = Array(response.headers).filter { $0.name != .contentLength }
        self.init(status: response.status, fields: fields, body: body.bytes)
    }

    private final class Body {
        var bytes: [UInt8] = []
    }

    private struct Collector: ResponseBodyWriter {
        let body: Body

        mutating func write(_ buffer: ByteBuffer) async throws { body.bytes += buffer.readableBytesView }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}

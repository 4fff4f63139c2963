import ApplianceCore
import HTTPTypes
import NIOCore
import Synchronization
import Tenancy

/// Writes an answer as HTTP/1.1 (RFC 9112) in one buffer. What all answers have in common is bytes made once.
struct ResponseHead: Sendable {
    /// The security headers, each with its line end.
    private let common: [UInt8]
    private let noStore: [UInt8]
    private let date = DateField()
    /// Bytes of a head besides what `common` and the answer's own fields take: status line, date, length, id.
    private static let rest = 208

    private static let version = Array("HTTP/1.1 ".utf8)
    private static let colon = Array(": ".utf8)
    private static let lineEnd = Array("\r\n".utf8)
    private static let requestID = Array("X-Request-Id: ".utf8)
    private static let tenant = Array("\r\nX-Tenant-ID: ".utf8)
    private static let date = Array("Date: ".utf8)
    private static let length = Array("\r\nContent-Length: ".utf8)
    private static let end = Array("\r\n\r\n".utf8)

    init(isTLS: Bool) {
        common = SecurityHeaders.common(isTLS: isTLS).flatMap { Array("\($0.name.rawName): \($0.value)\r\n".utf8) }
        noStore = Array("\(SecurityHeaders.noStore.name.rawName): \(SecurityHeaders.noStore.value)\r\n".utf8)
    }

    /// The whole answer. Collected in an array, whose appending is a copy and no more; a `ByteBuffer` checks and calls
    /// with each piece.
    func bytes(
        _ answer: PlainAnswer, requestID: String, tenant: String? = nil, seconds: Int64,
        _ memory: AnswerBuffer
    ) -> ByteBuffer {
        var own = answer.fields.reduce(0) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count + 4 }
        own += answer.rates.map { $0.policy.opening.count + $0.policy.next.count + RateLimitFields.bytes } ?? 0
        var head: [UInt8] = []
        head.reserveCapacity(Self.rest + common.count + own)
        head += Self.version
        head.append(decimal: Int64(answer.status.code))
        head.append(UInt8(ascii: " "))
        head += answer.status.reasonPhrase.utf8
        head += Self.lineEnd
        var isCacheSet = false
        for field in answer.fields {
            head += field.name.rawName.utf8
            head += Self.colon
            head += field.value.utf8
            head += Self.lineEnd
            if field.name == .cacheControl { isCacheSet = true }
        }
        answer.rates?.write(to: &head)
        head += Self.requestID
        head += requestID.utf8
        if let tenant {
            head += Self.tenant
            head += tenant.utf8
        }
        head += Self.lineEnd
        head += common
        if !isCacheSet { head += noStore }
        head += Self.date
        head += date.text(seconds: seconds).utf8
        // RFC 9110 §8.6: no length with 204, and with 304 only that of the answer which was not sent.
        if answer.status != .noContent, answer.status != .notModified {
            head += Self.length
            head.append(decimal: Int64(answer.body.count))
        }
        head += Self.end
        return memory.filled(capacity: head.count + answer.body.count) { buffer in
            buffer.writeBytes(head)
            buffer.writeBytes(answer.body)
        }
    }
}

/// The `Date` field (RFC 9110 §5.6.7), made once a second.
private final class DateField: Sendable {
    private let last = Mutex<(seconds: Int64, text: String)>((.min, ""))

    func text(seconds: Int64) -> String {
        last.withLock { last in
            if last.seconds != seconds { last = (seconds, Self.text(seconds)) }
            return last.text
        }
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sat, 21 Nov 2026 02:00:00 GMT`
    private static func text(_ seconds: Int64) -> String {
        let days = seconds.floorDivided(by: 86_400)
        let date = CivilDate(daysSince1970: Int(days))
        // 1970-01-01 was a Thursday.
        let weekday = weekdays[Int((days + 4) - (days + 4).floorDivided(by: 7) * 7)]
        let inDay = Int(seconds - days * 86_400)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time = "\(two(inDay / 3600)):\(two(inDay / 60 % 60)):\(two(inDay % 60))"
        let year = String(10_000 + date.year).dropFirst()
        return "\(weekday), \(two(date.day)) \(months[date.month - 1]) \(year) \(time) GMT"
    }
}

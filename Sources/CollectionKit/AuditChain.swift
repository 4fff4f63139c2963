package import ApplianceCore
package import GRDB
import Storage

/// The chain that makes changes to the log show: hash = SHA-256(previous hash in hex, line feed, the row as canonical
/// JSON), the first behind 64 zeros. Vectors in `AuditChainTests`.
///
/// It proves that the log is what was written, event by event, up to its last one. That the end was not cut off, or all
/// of it rewritten by somebody who has the file, shows only by comparing with a hash kept elsewhere: an `Anchor`.
package enum AuditChain {
    private static let genesis = String(repeating: "0", count: 64)

    static func hash(_ canonical: [UInt8], behind previous: String?) -> String {
        var digest = Digest()
        for part in [Array((previous ?? genesis).utf8), [0x0A], canonical] {
            part.withUnsafeBytes { digest.update($0) }
        }
        return digest.hexadecimal()
    }

    static func canonical(
        seq: Int64, at: String, actor: String, action: String, target: String?, requestID: String?, data: [UInt8]?
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256 + (data?.count ?? 0))
        func string(_ prefix: String, _ value: String) {
            out.append(contentsOf: prefix.utf8)
            JSON.write(string: value, to: &out)
        }
        string(#"{"action":"#, action)
        string(#","actor":"#, actor)
        string(#","at":"#, at)
        if let data {
            out.append(contentsOf: #","data":"#.utf8)
            out.append(contentsOf: data)
        }
        if let requestID { string(#","requestId":"#, requestID) }
        out.append(contentsOf: #","seq":\#(seq)"#.utf8)
        if let target { string(#","target":"#, target) }
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// A place of the log and its hash, noted elsewhere.
    package struct Anchor: Sendable, Equatable {
        package let seq: Int64
        package let hash: String

        package init(seq: Int64, hash: String) { (self.seq, self.hash) = (seq, hash) }

        /// `1204:9f2c…`
        package init?(_ text: String) {
            let parts = text.split(separator: ":")
            guard parts.count == 2, let seq = Int64(parts[0]), seq > 0, parts[1].utf8.count == 64 else { return nil }
            self.init(seq: seq, hash: String(parts[1]))
        }

        package var text: String { "\(seq):\(hash)" }
    }

    /// What verifying found.
    package struct Report: Sendable, Equatable {
        /// Events looked at.
        package fileprivate(set) var events: Int64 = 0
        /// Of these, those written before there was a chain.
        package fileprivate(set) var unchained: Int64 = 0
        package fileprivate(set) var head: Anchor?
        /// The first event that is not what was written; nil when there is none.
        package fileprivate(set) var firstBroken: Int64?
        package fileprivate(set) var reason: String?

        package var json: JSON {
            [
                "ok": .bool(firstBroken == nil), "events": .integer(events), "unchained": .integer(unchained),
                "head": JSON(head?.text), "firstBroken": JSON(firstBroken), "reason": JSON(reason),
            ]
        }
    }

    /// Reckons the whole chain anew, in one pass.
    package static func verify(_ db: Database, anchor: Anchor? = nil) throws -> Report {
        var report = Report()
        var last: (seq: Int64, hash: String?) = (0, nil)
        var isAnchorMet = anchor == nil
        try db.each("SELECT seq, at, actor, action, target, requestId, data, hash FROM audit ORDER BY seq") { row in
            guard report.firstBroken == nil else { return }
            let seq = row.integer(0)
            let stored = row.text(7)
            report.events += 1
            if let reason = reason(row, seq, stored, last) { (report.firstBroken, report.reason) = (seq, reason) }
            if stored == nil { report.unchained += 1 }
            if let anchor, anchor.seq == seq {
                isAnchorMet = anchor.hash == stored
                if !isAnchorMet, report.firstBroken == nil {
                    (report.firstBroken, report.reason) = (seq, "is not the event that the anchor was taken of")
                }
            }
            last = (seq, stored)
        }
        if report.firstBroken == nil, !isAnchorMet, let anchor {
            (report.firstBroken, report.reason) = (
                last.seq + 1, "is missing: the log ends before the anchor \(anchor.seq)"
            )
        }
        if let hash = last.hash { report.head = Anchor(seq: last.seq, hash: hash) }
        return report
    }

    private static func reason(
        _ row: SQLStatement, _ seq: Int64, _ stored: String?, _ last: (seq: Int64, hash: String?)
    ) -> String? {
        guard seq == last.seq + 1 else { return "follows \(last.seq): events are missing" }
        guard let stored else { return last.hash == nil ? nil : "has no hash" }
        let data = row.isNull(6) ? nil : row.withBytes(6) { Array($0) }
        let canonical = canonical(
            seq: seq, at: row.text(1) ?? "", actor: row.text(2) ?? "", action: row.text(3) ?? "", target: row.text(4),
            requestID: row.text(5), data: data)
        return hash(canonical, behind: last.hash) == stored ? nil : "is not what was written"
    }
}

// Bodies, list parameters and lines as they come to a collection, with a real database in memory behind them.
import Foundation
import GRDB

private let things = Collection(
    "things", idPrefix: "thg", title: "Thing",
    fields: [
        .text("name", max: 100).required().searchable(), .text("code", max: 10).unique(ignoringCase: true).upperCase(),
        .longText("story").searchable(), .integer("units", in: -1000...1000), .money("price"), .currency(),
        .boolean("isOpen"), .date("day"), .instant("moment"), .email("email"), .phone("phone"),
        .choice("size", "small", "large").default("small"), .reference("parentId", to: "things"), .json("extra"),
    ],
    indexes: [["units"], ["size", "day"]])

/// A shop of one: what is made in it is gone when the database is closed with the process.
private let shop: DatabaseQueue = {
    do {
        let queue = try DatabaseQueue()
        try queue.inDatabase { db in
            let base = CollectionSchema.baseSQL + CollectionSchema.secondSQL + SearchIndex.baseSQL
            try db.execute(sql: base + AuditTrail.baseSQL + AuditTrail.secondSQL + UploadedFile.baseSQL)
            try CollectionSchema.synchronizer([things])(db)
            for number in 0..<20 {
                _ = try Records(things).create(
                    db, ["name": .string("n\(number)"), "units": .integer(Int64(number % 3))], context)
            }
            for index in [things.search].compactMap({ $0 }) { try index.catchUp(db) }
        }
        return queue
    } catch {
        fatalError("\(error)")
    }
}()

private let context: RecordContext = {
    let now = Instant("2026-11-21T02:00:00Z") ?? .earliest
    return RecordContext(
        now: now, ids: IdentifierSource(time: TimeSource(now: { now }, sleep: { _ in })), actor: .system,
        requestID: "req_fuzz", currency: "INR", timeZone: .utc)
}()

/// Refusals are answers; anything that calls itself internal is a fault of ours.
private func refusable(_ body: () throws -> Void) {
    do {
        try body()
    } catch let error as DomainError {
        require(error.category != .internal)
    } catch {
        require(error is DatabaseError || error is NDJSONParser.Fault)
    }
}

let collectionTargets: [String: @Sendable ([UInt8]) -> Void] = [
    // What is accepted reads back as JSON, and may be sent again as a change.
    "record": { bytes in
        guard let body = try? JSONParser.parse(bytes) else { return }
        refusable {
            try shop.inDatabase { db in
                try db.execute(sql: "BEGIN")
                defer { try? db.execute(sql: "ROLLBACK") }
                let made = try Records(things).create(db, body, context)
                require((try? JSONParser.parse(made.json)) != nil)
                _ = try Records(things).patch(db, id: made.id, body, ifVersion: nil, context)
            }
        }
    },
    // "name=value" lines are the parameters of a list, a cursor among them.
    "list": { bytes in
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(20)
        let parameters = lines.map { line -> (name: String, value: String) in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        refusable {
            let query = try ListQuery(things, parameters: parameters)
            try shop.inDatabase { db in
                if query.isAggregate {
                    require((try? JSONParser.parse(try query.aggregate(db))) != nil)
                } else {
                    let page = try query.page(db)
                    require((try? JSONParser.parse(page.json)) != nil)
                    guard let cursor = page.nextCursor else { return }
                    let others = parameters.filter { $0.name != "cursor" }
                    _ = try ListQuery(things, parameters: others + [("cursor", cursor)]).page(db)
                }
            }
        }
    },
    // Whatever the pieces in which a file arrives, its lines are the same.
    "lines": { bytes in
        let whole = lines(bytes, piece: bytes.count)
        require(whole == lines(bytes, piece: Int(bytes.first ?? 0) % 7 + 1))
    },
]

private func lines(_ bytes: [UInt8], piece: Int) -> [[UInt8]] {
    var (parser, found) = (NDJSONParser(), [[UInt8]]())
    refusable {
        var start = 0
        while start < bytes.count {
            let end = min(start + max(piece, 1), bytes.count)
            try bytes[start..<end].withUnsafeBytes { try parser.parse($0) { found.append($1) } }
            start = end
        }
        try parser.finish { found.append($1) }
    }
    return found
}

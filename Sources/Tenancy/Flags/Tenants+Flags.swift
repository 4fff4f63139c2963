import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// Flags and prices, changed: each in one transaction with its audit event, and in force with the next request.
extension Tenants {
    /// Makes a flag, or puts another in its place.
    package func set(_ flag: FeatureFlag, by actor: Actor, requestID: String) async throws {
        let (now, isNew) = (time.now(), directory.flags[flag.name] == nil)
        guard !isNew || directory.flags.all.count < FeatureFlag.Limit.flags else {
            throw DomainError.conflict("too_many_flags", "No more flags.")
        }
        try await system.write { db in
            try db.run(
                "INSERT OR REPLACE INTO flags VALUES (?1, ?2, ?3, ?4)",
                [.text(flag.name), .text(flag.json.text), SQLValue(now), .text(actor.text)])
            try AuditTrail.append(
                db, at: now, actor: actor, action: "flag.set", target: flag.name, requestID: requestID,
                data: flag.json.text)
        }
        directory.flags.put(flag)
    }

    package func deleteFlag(_ name: String, by actor: Actor, requestID: String) async throws {
        guard directory.flags[name] != nil else { throw DomainError.notFound("flag") }
        let now = time.now()
        try await system.write { db in
            try db.run("DELETE FROM flags WHERE name = ?1", [.text(name)])
            try AuditTrail.append(
                db, at: now, actor: actor, action: "flag.delete", target: name, requestID: requestID, data: nil)
        }
        directory.flags.remove(name)
    }

    /// A price from an instant on; those of before stay as they were. Throws `price_exists`.
    package func set(_ price: PriceBook.Price, by actor: Actor, requestID: String) async throws {
        let now = time.now()
        guard directory.prices.hasRoom(for: price.item) else {
            throw DomainError.conflict("too_many_prices", "No more prices.")
        }
        try await system.write { db in
            try PriceBook.insert(db, price, by: actor.text)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "price.set", target: price.item, requestID: requestID,
                data: price.json.text)
        }
        try directory.prices.load(system)
    }
}

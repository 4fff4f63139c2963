package import ApplianceCore
import GRDB
import Storage
import Synchronization

/// What one unit costs, in cents, from when on: versioned rows that are never changed (`facts/usage.md`). In memory, by
/// item.
package final class PriceBook: Sendable {
    package enum Limit {
        package static let items = 1000
        package static let amount: ClosedRange<Int64> = 0...100_000_00
    }

    package struct Price: Sendable, Equatable {
        package let item: String
        /// Cents.
        package let amount: Int64
        package let validFrom: Instant

        package init(item: String, amount: Int64, validFrom: Instant) {
            (self.item, self.amount, self.validFrom) = (item, amount, validFrom)
        }

        package var json: JSON {
            ["item": .string(item), "amount": .integer(amount), "currency": "USD", "validFrom": JSON(validFrom)]
        }
    }

    static let schema = """
        CREATE TABLE prices (
            item TEXT NOT NULL, amount INTEGER NOT NULL, validFrom TEXT NOT NULL, createdBy TEXT NOT NULL,
            PRIMARY KEY (item, validFrom)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER prices_update BEFORE UPDATE ON prices BEGIN SELECT RAISE(ABORT, 'a price stays'); END;
        CREATE TRIGGER prices_delete BEFORE DELETE ON prices BEGIN SELECT RAISE(ABORT, 'a price stays'); END;
        INSERT INTO prices VALUES
            ('claude', 50, '1970-01-01T00:00:00.000Z', 'system'), ('codex', 30, '1970-01-01T00:00:00.000Z', 'system'),
            ('perplexity', 20, '1970-01-01T00:00:00.000Z', 'system'),
            ('cursor', 25, '1970-01-01T00:00:00.000Z', 'system'), ('opencode', 0, '1970-01-01T00:00:00.000Z', 'system');
        """

    /// By item, the newest first.
    private let prices = Mutex<[String: [Price]]>([:])

    func load(_ system: DatabaseFile) throws {
        let rows = try system.read { db in
            try db.all("SELECT item, amount, validFrom FROM prices ORDER BY item, validFrom DESC") { row in
                Price(
                    item: row.text(0) ?? "", amount: row.integer(1),
                    validFrom: row.text(2).flatMap(Instant.init) ?? .earliest)
            }
        }
        prices.withLock { $0 = Dictionary(grouping: rows, by: \.item) }
    }

    /// In force at an instant; nil for what has no price.
    package func price(of item: String, at instant: Instant) -> Int64? {
        prices.withLock { $0[item]?.first { $0.validFrom <= instant }?.amount }
    }

    /// All there are and were, by item, the newest first.
    package var all: [Price] {
        prices.withLock { Array($0.values) }.flatMap(\.self).sorted {
            ($0.item, $1.validFrom.milliseconds) < ($1.item, $0.validFrom.milliseconds)
        }
    }

    func hasRoom(for item: String) -> Bool { prices.withLock { $0[item] != nil || $0.count < Limit.items } }

    static func insert(_ db: Database, _ price: Price, by actor: String) throws {
        try db.run(
            "INSERT INTO prices VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            [.text(price.item), .integer(price.amount), SQLValue(price.validFrom), .text(actor)])
        guard db.changesCount == 1 else {
            throw DomainError.conflict("price_exists", "\(price.item) has a price from this instant already.")
        }
    }
}

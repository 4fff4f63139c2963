package import CollectionKit

/// Sales, refunds and payments. Kept seven years from when they were recorded here (`facts/retention.md`).
package let transactions = Collection(
    "transactions", idPrefix: "txn", title: "Transaction",
    fields: [
        .reference("customerId", to: "customers"),
        .instant("occurredAt").required().default(.now),
        .choice("kind", "sale", "refund", "payment").required().default("sale"),
        .integer("quantity", in: 0...1_000_000_000).required().default(1),
        .money("amount").required(),
        .currency().required(),
        .text("note", max: 500).searchable(),
    ],
    indexes: [["customerId", "occurredAt"], ["occurredAt"]],
    retention: .years(7))

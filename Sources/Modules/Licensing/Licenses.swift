package import CollectionKit

/// A customer's right to run a product on some machines.
package let licenses = Collection(
    "licenses", idPrefix: "lic", title: "License",
    fields: [
        .text("product", max: 200).required().searchable(),
        .email("customerEmail").searchable().personal(),
        .reference("customerId", to: "customers"),
        .text("key", max: 40).unique().immutable().default(.generated(LicenseKey.generate)),
        .choice("status", "active", "suspended", "expired", "revoked").required().default("active"),
        .integer("maxActivations", in: 1...100_000).required().default(1),
        .instant("expiresAt"),
        .longText("notes"),
    ],
    indexes: [["status", "expiresAt"], ["customerEmail"], ["product"]])

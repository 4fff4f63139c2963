package import CollectionKit

/// The people and firms that a shop deals with. Kept until an erasure request.
package let customers = Collection(
    "customers", idPrefix: "cus", title: "Customer",
    fields: [
        // A shop that knows its customers by number only need not invent names.
        .text("name", max: 200).required().default(.field("externalId")).searchable().personal(),
        .email("email").searchable().personal(),
        .phone("phone").searchable().personal(),
        .text("gstin", max: 15, format: .code).personal(),
        .text("addressLine", max: 300).personal(),
        .text("city", max: 100).searchable(),
        .text("stateCode", max: 2, format: .code),
        .text("postalCode", max: 12),
        .longText("notes").personal(),
        .text("externalId", max: 100).unique().searchable(),
    ],
    indexes: [["name"], ["city"], ["createdAt"]])

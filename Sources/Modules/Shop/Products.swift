package import CollectionKit

/// What a shop sells.
package let products = Collection(
    "products", idPrefix: "prd", title: "Product",
    fields: [
        .text("sku", max: 64).required().unique().searchable(),
        .text("name", max: 200).required().searchable(),
        .longText("description"),
        .money("price").required(),
        .currency().required(),
        .file("photo", accept: "image/*"),
        .integer("stock", in: -1_000_000_000...1_000_000_000).required().default(0),
    ],
    indexes: [["name"], ["currency", "price"]])

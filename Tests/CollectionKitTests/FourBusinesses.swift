import CollectionKit

// The declarations of `Collections.md`, word for word: four businesses, each as a description of the thing. They stand
// here so that the article cannot promise what does not compile.

// MARK: - Licences

let licensePolicies = Collection(
    "license-policies", idPrefix: "pol", title: "License policy",
    fields: [
        .text("name", max: 200).required().unique(ignoringCase: true).searchable(),
        .text("product", max: 200).required(),
        .duration("validity"),
        .integer("maxMachines", in: 1...100_000).required().default(1),
        .boolean("requiresHeartbeat").required().default(false),
        .json("features", maxBytes: 4096),
    ])

let softwareLicenses = Collection(
    "software-licenses", idPrefix: "lic", title: "Software license",
    fields: [
        .reference("policyId", to: "license-policies").required().immutable(),
        .email("holderEmail").required().lowerCase().personal().searchable(),
        .text("key", max: 40).unique().immutable(),
        .choice("status", "active", "suspended", "expired", "revoked").required().default("active").moves([
            "active": ["suspended", "expired", "revoked"],
            "suspended": ["active", "revoked"],
            "expired": ["active"],
        ]),
        .instant("expiresAt"),
        .secret("signingKey"),
    ],
    indexes: [["status", "expiresAt"]])

// MARK: - A jewellery shop

let articles = Collection(
    "articles", idPrefix: "art", title: "Article",
    fields: [
        .text("sku", max: 64).required().unique().searchable(),
        .text("name", max: 200).required().searchable(),
        .choice("purity", "24K999", "22K916", "18K750", "14K585").required(),
        .weight("grossWeight").required(),
        .weight("stoneWeight").required().default(0),
        .weight("netWeight").computed("grossWeight - stoneWeight"),
        .decimal("carats", scale: 3, in: 0...10_000),
        .text("huid", max: 6).upperCase().matching("[0-9A-Z]{6}").unique(),
        .text("hsn", max: 8).matching(#"\d{4,8}"#).required().default("7113"),
        .references("collectionIds", to: "shelves"),
    ],
    indexes: [["purity", "netWeight"]])

let shelves = Collection(
    "shelves", idPrefix: "shf", title: "Shelf", fields: [.text("name", max: 100).required().unique()])

let invoices = Collection(
    "invoices", idPrefix: "inv", title: "Invoice",
    fields: [
        .choice("status", "draft", "issued", "paid", "cancelled").required().default("draft").moves([
            "draft": ["issued"], "issued": ["paid", "cancelled"],
        ]),
        .sequence("number", NumberSeries(firstMonth: 4, "INV/{fy}/{0000}")).drawn(once: "status", is: "issued"),
        .reference("articleId", to: "articles").required(),
        .text("buyerName", max: 200).required().personal().searchable(),
        .text("buyerGstin", max: 15).upperCase().matching(#"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]"#).personal(),
        .money("value").required(),
        .money("making").required().default(0),
        .money("taxable").computed("value + making"),
        .rate("gstRate").required().default(300),
        .currency().required(),
        .longText("remarks"),
    ],
    indexes: [["status", "number"]],
    frozen: (once: .init(field: "status", values: ["issued", "paid"]), except: ["remarks"]),
    retention: .years(7))

// MARK: - Bookings

let caregivers = Collection(
    "caregivers", idPrefix: "cgv", title: "Caregiver",
    fields: [
        .text("firstName", max: 100).required().personal(),
        .text("lastName", max: 100).required().personal(),
        .text("displayName", max: 201).computed(#"firstName & " " & lastName"#).searchable().personal(),
        .phone("phone").personal(),
        .url("website"),
        .country("country").required().default("BE"),
        .timeZone("timeZone").required().default("Europe/Brussels"),
        .rate("commission").required().default(2000),
    ])

let bookings = Collection(
    "bookings", idPrefix: "bkg", title: "Booking",
    fields: [
        .reference("caregiverId", to: "caregivers").required(),
        .instant("startsAt").required(),
        .duration("length", in: 900...2_592_000).required(),
        .choice("status", "requested", "confirmed", "completed", "cancelled").required().default("requested").moves([
            "requested": ["confirmed", "cancelled"], "confirmed": ["completed", "cancelled"],
        ]),
        .money("price").required().immutable(once: "status", is: "confirmed", "completed"),
        .currency().required(),
    ],
    indexes: [["status", "startsAt"]], unique: [["caregiverId", "startsAt"]])

// MARK: - Tasks

let agents = Collection(
    "agents", idPrefix: "agt", title: "Agent",
    fields: [
        .text("name", max: 64).lowerCase().matching("[a-z][a-z0-9-]*").min(3).required().unique(),
        .money("pricePerTask").required().default(0),
        .currency().required(),
        .url("endpoint"),
        .secret("token"),
    ])

let tasks = Collection(
    "tasks", idPrefix: "tsk", title: "Task",
    fields: [
        .user("requestedBy").required().immutable(),
        .reference("agentId", to: "agents", onDelete: .cascade).required(),
        .longText("prompt").required().searchable(),
        .json("input"),
        .choice("status", "queued", "running", "done", "failed", "cancelled").required().default("queued").moves([
            "queued": ["running", "cancelled"], "running": ["done", "failed", "cancelled"], "failed": ["queued"],
        ]),
        .integer("priority", in: 0...9).required().default(5),
        .date("dueOn"),
    ],
    indexes: [["status", "priority"]], retention: .days(90))

let fourBusinesses = [
    licensePolicies, softwareLicenses, shelves, articles, invoices, caregivers, bookings, agents, tasks,
]

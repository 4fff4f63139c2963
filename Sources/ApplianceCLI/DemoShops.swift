import ApplianceCore

/// Sample shops for an evaluation: the kinds of business that Appliance is made for. The same every time but for the
/// password.
enum DemoShops {
    static let operatorEmail = "demo@appliance.example"

    struct Record {
        let collection: String
        let body: JSON
    }

    struct Shop {
        let slug: String
        let name: String
        let plan: String
        let trialDays: Int
        let modules: [String]
        let timeZone: String
        let currency: String
        let city: String
        let goods: [(sku: String, name: String, price: Int64)]
        var suspensionReason: String?

        var ownerEmail: String { "owner@\(slug).example" }

        func tenant(password: String) -> JSON {
            [
                "slug": .string(slug), "name": .string(name), "plan": .string(plan), "trialDays": JSON(trialDays),
                "modules": .array(modules.map { .string($0) }), "timeZone": .string(timeZone),
                "currency": .string(currency), "ownerEmail": .string(ownerEmail), "ownerPassword": .string(password),
            ]
        }

        /// Customers, and the goods as products or licences.
        func records() -> [Record] {
            let customers = DemoShops.names.enumerated().map { index, name in
                let address = name.lowercased().replacing(" ", with: ".")
                return Record(
                    collection: "customers",
                    body: [
                        "name": .string(name), "email": .string("\(address)@mail.example"), "city": .string(city),
                        "externalId": .string("C-\(1001 + index)"),
                    ])
            }
            let items = goods.enumerated().map { index, item in
                modules.contains("licensing")
                    ? Record(
                        collection: "licenses",
                        body: [
                            "product": .string(item.name), "maxActivations": JSON(index + 1),
                            "customerEmail": .string("buyer\(index + 1)@mail.example"),
                        ])
                    : Record(
                        collection: "products",
                        body: [
                            "sku": .string(item.sku), "name": .string(item.name), "price": .integer(item.price),
                            "stock": JSON(3 + index * 7 % 11),
                        ])
            }
            return customers + (modules.contains("shop") || modules.contains("licensing") ? items : [])
        }

        /// Some sales for each customer.
        func transactions(customers: [String]) -> [JSON] {
            customers.enumerated().flatMap { index, id in
                (0...index % 3).map { visit -> JSON in
                    let item = goods[(index + visit) % goods.count]
                    let day = 1 + (index * 5 + visit * 9) % 28
                    return [
                        "customerId": .string(id), "amount": .integer(item.price), "note": .string(item.name),
                        "occurredAt": .string(
                            "2026-\(visit + 8 < 10 ? "0" : "")\(visit + 8)-\(day < 10 ? "0" : "")\(day)T10:30:00Z"),
                    ]
                }
            }
        }
    }

    static let all: [Shop] = [
        Shop(
            slug: "meera-jewels", name: "Meera Jewels", plan: "pro", trialDays: 14, modules: ["shop"],
            timeZone: "Asia/Kolkata", currency: "INR", city: "Pune",
            goods: [
                ("RNG-22K-01", "Gold ring 22K, 4.2 g", 3_145_000), ("CHN-22K-07", "Gold chain 22K, 12 g", 8_960_000),
                ("EAR-18K-03", "Stud earrings 18K", 1_875_000), ("BNG-22K-02", "Bangle pair 22K, 24 g", 17_920_000),
            ]),
        Shop(
            slug: "rescue-soft", name: "Rescue Software", plan: "enterprise", trialDays: 0, modules: ["licensing"],
            timeZone: "America/New_York", currency: "USD", city: "Boston",
            goods: [
                ("RPC-HOME", "Rescue Home", 2_900), ("RPC-PRO", "Rescue Pro", 7_900),
                ("RPC-TEAM", "Rescue Team", 24_900),
            ]),
        Shop(
            slug: "tail-friends", name: "Tail Friends", plan: "pro", trialDays: 5, modules: ["shop"],
            timeZone: "Europe/Brussels", currency: "EUR", city: "Gent",
            goods: [
                ("WALK-30", "Dog walk, 30 minutes", 1_500), ("WALK-60", "Dog walk, 60 minutes", 2_500),
                ("SIT-DAY", "Pet sitting, one day", 4_500),
            ]),
        Shop(
            slug: "corner-books", name: "Corner Books", plan: "free", trialDays: 30, modules: ["shop"],
            timeZone: "Europe/London", currency: "GBP", city: "Leeds",
            goods: [
                ("BK-0001", "Atlas of rivers", 3_200), ("BK-0002", "Bread at home", 1_899),
                ("BK-0003", "Short walks", 1_250),
            ]),
        Shop(
            slug: "old-mill", name: "Old Mill Pottery", plan: "amc", trialDays: 0, modules: ["shop"],
            timeZone: "Asia/Kolkata", currency: "INR", city: "Jaipur",
            goods: [("POT-S", "Small pot", 45_000), ("POT-L", "Large pot", 125_000)],
            suspensionReason: "Annual contract not renewed"),
    ]

    private static let names = [
        "Asha Rao", "Vikram Shah", "Leela Menon", "Arjun Patel", "Nina Peeters", "Tom Baker", "Sara Lind",
        "Omar Haddad",
        "Grace Wood", "Ivan Petrov", "Maya Iyer", "Jonas Maes",
    ]

    /// Four words: easy to type, far too many to guess.
    static func makePassword() -> String {
        let words = [
            "amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "hazel", "indigo", "juniper", "kettle",
            "lemon",
            "maple", "nectar", "olive", "pepper", "quartz", "river", "saffron", "timber", "umber", "velvet", "willow",
            "zephyr",
        ]
        var generator = SystemRandomNumberGenerator()
        let parts = (0..<4).compactMap { _ in words.randomElement(using: &generator) }
        return parts.joined(separator: "-") + "-\(Int.random(in: 1000...9999, using: &generator))"
    }
}

import ApplianceCore
import ApplianceServer
import ArgumentParser

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Fill a fresh data folder with believable sample shops.",
        discussion:
            "Every sample user and the operator demo@appliance.example sign in with the password that it prints.")
    @OptionGroup var options: DataOptions

    func run() async throws {
        let password = DemoShops.makePassword()
        let bar = ProgressBar(silent: options.json)
        let shops = try await ControlSession.with(options.global.configuration()) { client in
            let existing = try await client.send("GET", "/api/admin/tenants?limit=1")["items"]?.arrayValue ?? []
            guard existing.isEmpty else {
                throw DomainError.conflict(
                    "not_empty", "This data folder has shops already.", hint: "Name a fresh one with --data.")
            }
            try await client.send(
                "POST", "/api/admin/operators",
                ["email": .string(DemoShops.operatorEmail), "password": .string(password)])
            for (index, shop) in DemoShops.all.enumerated() {
                bar.show(
                    WorkProgress("making", done: Int64(index), total: Int64(DemoShops.all.count), detail: shop.name))
                try await make(shop, password, client)
            }
            bar.finish()
            return DemoShops.all
        }
        if options.json {
            return Output.print([
                "operator": .string(DemoShops.operatorEmail), "password": .string(password),
                "tenants": .array(shops.map { .string($0.slug) }),
            ])
        }
        Output.table(["SHOP", "NAME", "OWNER"], shops.map { [$0.slug, $0.name, $0.ownerEmail] })
        print("\nOperator \(DemoShops.operatorEmail), password for all: \(password)")
    }

    private func make(_ shop: DemoShops.Shop, _ password: String, _ client: ControlClient) async throws {
        try await client.send("POST", "/api/admin/tenants", shop.tenant(password: password))
        for record in shop.records() {
            try await client.send("POST", "/api/\(record.collection)", record.body, tenant: shop.slug)
        }
        try await makeTransactions(shop, client)
        if let reason = shop.suspensionReason {
            try await client.send("POST", "/api/admin/tenants/\(shop.slug)/suspend", ["reason": .string(reason)])
        }
    }

    private func makeTransactions(_ shop: DemoShops.Shop, _ client: ControlClient) async throws {
        let customers = try await client.send("GET", "/api/customers?limit=200&fields=id", tenant: shop.slug)
        let ids = (customers["items"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
        for body in shop.transactions(customers: ids) {
            try await client.send("POST", "/api/transactions", body, tenant: shop.slug)
        }
    }
}

import ApplianceCore
import Books
import CollectionKit
import Shop
import Storage
import Testing

/// A file with a fault leaves nothing, and says what is wrong on which line.
struct ImportFaultTests {
    private let shop: TestShop

    init() throws { shop = try TestShop() }

    private func faults(_ error: DomainError?) -> [String] {
        error?.faults.map { "\($0.line.map(String.init) ?? "-") \($0.field) \($0.code)" } ?? []
    }

    @Test func `a bad line leaves nothing and all are named with line, column and reason`() async throws {
        let error = await refusal {
            try await shop.importCSV(
                products,
                """
                sku,name,price,currency,stock
                A,Ring,11.77,USD,3
                B,Chain,11.777,USD,3
                "C","two
                lines",1,JPY,3
                ,Nameless,1,USD,3
                E,Dinar,1,Dollar,3
                F,Dinar,1,USD,many
                A,Ring again,1,USD,1
                G,too,few
                H,a,1,USD,99999999999
                """)
        }
        #expect(error?.category == .invalid)
        #expect(
            faults(error) == [
                "3 price not_an_amount", "4 name control_characters", "6 sku required", "7 currency not_a_currency",
                "8 stock not_a_number", "9 sku not_unique", "10  wrong_count", "11 stock out_of_range",
            ])
        #expect(error?.faults.first?.message == "\"11.777\" is not an amount in USD.")
        let left = try (shop.count("products"), shop.count("audit"))
        #expect(left == (0, 0))
    }

    @Test func `a value taken by a record of before is named too`() async throws {
        try await shop.create(products, ["sku": "A", "name": "Ring", "price": 1])
        let error = await refusal {
            try await shop.importCSV(products, "Number,sku,name,price\n1,A,x,1\n", Self.mapped)
        }
        #expect(faults(error) == ["2 sku not_unique"])
        #expect(try shop.count("products") == 1)
    }

    private static let mapped: ImportOptions = {
        var options = ImportOptions()
        options.map = [("sku", "sku")]
        return options
    }()

    @Test func `an update that takes another's value or changes what is fixed is named by line`() async throws {
        try await shop.importCSV(things, "code,name,serial\nA,a,S1\nB,b,S2\n")
        var options = ImportOptions()
        options.upsert = "code"
        options.map = [("Serial no.", "serial")]
        let error = await refusal {
            try await shop.importCSV(things, "code,Serial no.\nA,S1\nB,S1\nA,S9\n", options)
        }
        #expect(faults(error) == ["3 Serial no. immutable", "4 Serial no. immutable"])
        let byserial = await refusal {
            var options = ImportOptions()
            options.upsert = "serial"
            try await shop.importCSV(things, "serial,code\nS1,B\n", options)
        }
        #expect(faults(byserial) == ["2 code not_unique"])
    }

    @Test func `a column that is no field is refused unless columns are mapped`() async throws {
        let error = await refusal { try await shop.importCSV(customers, "name,Shoe size\na,42\n") }
        #expect(faults(error) == ["1 Shoe size unknown_field"])
    }

    @Test func `maps and constants that fit nothing are refused`() async throws {
        func codes(_ change: (inout ImportOptions) -> Void) async -> [String] {
            var options = ImportOptions()
            change(&options)
            return faults(await refusal { try await shop.importCSV(customers, "name,externalId\na,1\n", options) })
        }
        #expect(await codes { $0.map = [("Town", "city")] } == ["1 Town no_such_column"])
        #expect(await codes { $0.map = [("name", "town")] } == ["1 name unknown_field"])
        #expect(await codes { $0.map = [("name", "city.name")] } == ["1 name not_a_reference"])
        #expect(await codes { $0.map = [("name", "externalId")] } == ["1 externalId twice"])
        #expect(await codes { $0.constants = [("town", "Pune")] } == ["- town unknown_field"])
        #expect(await codes { $0.constants = [("name", "Pune")] } == ["1 name twice"])
        #expect(await codes { $0.constants = [("email", "none")] } == ["2 email not_an_email"])
        #expect(await codes { $0.upsert = "city" } == ["- upsert not_unique"])
        let left = try shop.count("customers")
        #expect(left == 0)
    }

    @Test func `an update needs the column that it goes by`() async throws {
        var options = ImportOptions()
        options.upsert = "externalId"
        #expect(
            faults(await refusal { try await shop.importCSV(customers, "name\na\n", options) }) == [
                "1 upsert required"
            ])
    }

    @Test(arguments: [
        ("name\na\n\"b", "3  malformed_csv"), ("name\na\"b\n", "2  malformed_csv"), ("\"name\"x\n", "1  malformed_csv"),
    ])
    func `a malformed file is refused with its line`(text: String, fault: String) async throws {
        #expect(faults(await refusal { try await shop.importCSV(customers, text) }) == [fault])
        let left = try shop.count("customers")
        #expect(left == 0)
    }

    @Test func `a file without a header, or not of text, is refused`() async throws {
        #expect(await refusal { try await shop.importCSV(customers, "") }?.code == "empty_file")
        let error = await refusal {
            try await shop.importCSV(customers, bytes: Array("name\n".utf8) + [0xFF, 0x0A])
        }
        #expect(faults(error) == ["2 name not_utf8"])
    }

    @Test func `an import gives up after fifty faults`() async throws {
        let text = "name,email\n" + String(repeating: "a,none\n", count: 1000)
        #expect(await refusal { try await shop.importCSV(customers, text) }?.faults.count == 50)
    }
}

import ApplianceCore
import Testing

struct CurrencyTests {
    @Test(arguments: [
        // Sales of a music shop of 1997, in dollars.
        ("USD", "11.77", 1177), ("USD", "12.00", 1200), ("USD", "77.0", 7700), ("USD", "29.3", 2930),
        ("USD", "0.00", 0),
        ("USD", "1286.01", 128_601), ("USD", "5", 500), ("USD", "-11.77", -1177),
        ("INR", "9999999999999.99", 999_999_999_999_999),
        // No decimals in Japan, three in Kuwait.
        ("JPY", "1177", 1177), ("JPY", "0", 0), ("KWD", "1.234", 1234), ("KWD", "1.2", 1200), ("KWD", "0.001", 1),
    ])
    func `an amount in major units is read`(code: String, text: String, minor: Int64) throws {
        #expect(try #require(Currency(code)).minor(fromMajor: text) == minor)
    }

    @Test(arguments: [
        ("USD", "11.777"), ("USD", "11,77"), ("USD", "1,000.00"), ("USD", ""), ("USD", "."), ("USD", ".5"),
        ("USD", "5."),
        ("USD", "1.2.3"), ("USD", "--5"), ("USD", "+5"), ("USD", "5-"), ("USD", " 5"), ("USD", "5 "), ("USD", "$5"),
        ("USD", "1e3"), ("USD", "0x10"), ("USD", "NaN"), ("USD", "५"), ("USD", "12345678901234.00"),
        ("JPY", "11.7"), ("JPY", "11.0"), ("KWD", "1.2345"), ("KWD", "1234567890123"),
    ])
    func `what is no amount is refused`(code: String, text: String) throws {
        #expect(try #require(Currency(code)).minor(fromMajor: text) == nil)
    }

    @Test(arguments: [
        ("USD", 1177, "11.77"), ("USD", 5, "0.05"), ("USD", 0, "0.00"), ("USD", -5, "-0.05"), ("USD", -1177, "-11.77"),
        ("JPY", 1177, "1177"), ("JPY", -3, "-3"), ("KWD", 1, "0.001"), ("KWD", 1234, "1.234"),
        ("USD", Int64.min, "-92233720368547758.08"),
    ])
    func `an amount is written in major units`(code: String, minor: Int64, text: String) throws {
        #expect(try #require(Currency(code)).majorText(minor) == text)
    }

    @Test func `any amount survives its text`() throws {
        var random = SeededGenerator()
        let limit: Int64 = 999_999_999_999_999
        for code in ["USD", "JPY", "KWD", "INR"] {
            let currency = try #require(Currency(code))
            for _ in 0..<2000 {
                let amount = Int64.random(in: -limit...limit, using: &random)
                #expect(currency.minor(fromMajor: currency.majorText(amount)) == amount, "seed \(random.seed)")
            }
        }
    }

    @Test(arguments: ["", "usd", "US", "USDT", "XXX", "DEM", "EUR ", "ＵＳＤ"])
    func `what is no currency in use is refused`(code: String) {
        #expect(Currency(code) == nil)
    }
}

import ApplianceCore
import Foundation
import Testing

struct InstantTests {
    @Test func `any instant survives its text`() {
        var random = SeededGenerator()
        let range = Instant.earliest.milliseconds...Instant.latest.milliseconds
        for _ in 0..<20_000 {
            let instant = Instant(milliseconds: .random(in: range, using: &random))
            #expect(Instant(instant.description) == instant, "seed \(random.seed)")
        }
    }

    @Test func `texts sort like instants`() {
        var random = SeededGenerator()
        let range = Instant.earliest.milliseconds...Instant.latest.milliseconds
        let instants = (0..<2000).map { _ in Instant(milliseconds: .random(in: range, using: &random)) }
        #expect(instants.sorted().map(\.description) == instants.map(\.description).sorted(), "seed \(random.seed)")
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-21T02:00:00.000Z", 1_795_226_400_000),
        ("2026-11-21t02:00:00z", 1_795_226_400_000),
        ("2026-11-21 02:00:00Z", 1_795_226_400_000),
        ("2026-11-21T07:30:00+05:30", 1_795_226_400_000),
        ("2026-11-20T21:00:00-05:00", 1_795_226_400_000),
        ("2026-11-21T02:00:00.5Z", 1_795_226_400_500),
        ("2026-11-21T02:00:00.123456789Z", 1_795_226_400_123),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ])
    func `RFC 3339 is read`(text: String, milliseconds: Int64) {
        #expect(Instant(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-11-21T02:00Z", "2026-11-21T02:00:00", "2026-11-21X02:00:00Z",
        // Days and times that do not exist.
        "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-00-10T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-00T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T02:60:00Z", "2016-12-31T23:59:60Z",
        // Decimals and offsets.
        "2026-11-21T02:00:00.Z", "2026-11-21T02:00:00.1234567890Z", "2026-11-21T02:00:00,5Z", "2026-11-21T02:00:00.5",
        "2026-11-21T02:00:00+24:00", "2026-11-21T02:00:00+05:60", "2026-11-21T02:00:00+0530", "2026-11-21T02:00:00+05",
        "2026-11-21T02:00:00ZZ", "2026-11-21T02:00:00Z ", " 2026-11-21T02:00:00Z",
        // Years that four digits do not hold, also once the offset is taken off.
        "0000-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "+12026-01-01T00:00:00Z", "-0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        // Digits that are not ASCII.
        "२०२६-11-21T02:00:00Z", "2026-11-21T02:00:0٠Z",
    ])
    func `what is no instant is refused`(text: String) {
        #expect(Instant(text) == nil)
    }

    @Test func `arithmetic stays inside the years 0001 to 9999`() throws {
        let start = try instant("2026-11-21T02:00:00Z")
        #expect(start.adding(.days(14)).description == "2026-12-05T02:00:00.000Z")
        #expect(start.subtracting(.hours(3)).description == "2026-11-20T23:00:00.000Z")
        #expect(start.adding(.minutes(90)).since(start) == .seconds(5400))
        #expect(start.adding(.seconds(Int64.max)) == .latest)
        #expect(start.adding(.seconds(Int64.min)) == .earliest)
        #expect(Instant(milliseconds: .max) == .latest)
        #expect(Instant(seconds: .min) == .earliest)
        #expect(Instant(seconds: .max) == .latest)
    }

    @Test func `seconds round down before 1970 too`() {
        #expect(Instant(milliseconds: -1).seconds == -1)
        #expect(Instant(milliseconds: -1000).seconds == -1)
        #expect(Instant(milliseconds: 1999).seconds == 1)
        #expect(Int64(-7).floorDivided(by: 7) == -1)
        #expect(Int64(-8).floorDivided(by: 7) == -2)
    }

    @Test func `coded as its text`() throws {
        let moment = try instant("2026-11-21T02:00:00.250Z")
        let json = try JSONEncoder().encode([moment])
        #expect(String(decoding: json, as: UTF8.self) == #"["2026-11-21T02:00:00.250Z"]"#)
        #expect(try JSONDecoder().decode([Instant].self, from: json) == [moment])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Instant].self, from: Data(#"["2026-02-30T00:00:00Z"]"#.utf8))
        }
    }

    @Test func `a wait of the system's clock ends when it is cancelled`() async {
        let waiting = Task { try await TimeSource.system.sleep(until: .latest) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test func `a wait for a past instant ends at once`() async throws {
        try await TimeSource.system.sleep(until: .earliest)
        #expect(TimeSource.system.now() > .earliest)
    }
}

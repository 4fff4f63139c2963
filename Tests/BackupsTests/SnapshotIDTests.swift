import ApplianceCore
import Testing

@testable import Backups

struct SnapshotIDTests {
    @Test func `an id is the second at which the snapshot began`() throws {
        let instant = try #require(Instant("2026-11-21T02:00:00.999Z"))
        #expect(SnapshotID(instant).description == "2026-11-21T02-00-00Z")
        #expect(SnapshotID("2026-11-21T02-00-00Z") == SnapshotID(instant))
    }

    @Test(arguments: [
        "", "latest", "../../../etc/passwd", "2026-11-21T02:00:00Z", "2026-11-21t02-00-00Z", "2026-02-30T02-00-00Z",
        "2026-11-21T24-00-00Z", "2026-11-21T02-00-00Z/", "2026-11-21 02-00-00Z", "2026/11/21T02-00-00Z",
        "2026-11-21T02-00-00z",
    ])
    func `nothing else is an id`(_ text: String) {
        #expect(SnapshotID(text) == nil)
    }
}

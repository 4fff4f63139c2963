import Foundation

/// Wall-clock arithmetic in an IANA time zone. Rules of `facts/trials.md`: "N days before" counts calendar days in the
/// zone; a local time that a clock change skips moves forward by the gap; one that occurs twice means the first.
package struct LocalTime: Sendable {
    private let zone: TimeZone

    /// Nil when the system's time zone database does not know `identifier`.
    package init?(_ identifier: String) {
        guard identifier.utf8.count <= 64, let zone = TimeZone(identifier: identifier) else { return nil }
        self.zone = zone
    }

    /// The calendar day that `instant` falls on.
    package func date(of instant: Instant) -> CivilDate {
        let offset = Int64(zone.secondsFromGMT(for: instant.foundationDate))
        return CivilDate(daysSince1970: Int((instant.seconds + offset).floorDivided(by: 86_400)))
    }

    /// The instant of a wall-clock time on `date`.
    package func instant(_ date: CivilDate, hour: Int = 0, minute: Int = 0) -> Instant {
        let wall = Int64(date.daysSince1970) * 86_400 + Int64(hour * 3600 + minute * 60)
        // The offset before and after any change nearby: the larger one gives the earlier instant.
        let around = [wall - 86_400, wall + 86_400].map {
            Int64(zone.secondsFromGMT(for: Instant(seconds: $0).foundationDate))
        }
        let candidates = Set(around).map { wall - $0 }.sorted()
        let exact = candidates.first { candidate in
            Int64(zone.secondsFromGMT(for: Instant(seconds: candidate).foundationDate)) == wall - candidate
        }
        // Skipped by a change: the offset before it carries the wall time past the gap.
        return Instant(seconds: exact ?? wall - (around.first ?? 0))
    }

    /// The first instant of the day after `days` calendar days: a trial of 14 days ends with the 14th day from today.
    package func endOfDay(after days: Int, from instant: Instant) -> Instant {
        self.instant(date(of: instant).adding(days: days + 1))
    }
}

extension Instant {
    var foundationDate: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

extension LocalTime {
    package static let utc = LocalTime(zone: .gmt)

    private init(zone: TimeZone) { self.zone = zone }
}

/// A point in time: whole milliseconds since 1970-01-01T00:00:00Z, between the years 0001 and 9999.
///
/// Its text is RFC 3339 in UTC with exactly three decimals (`2026-11-21T02:00:00.000Z`), so that texts sort like
/// instants. Foundation's ISO 8601 parser is not used: it accepts 30 February and rolls over.
package struct Instant: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package static let earliest = Instant(unchecked: -62_135_596_800_000)
    package static let latest = Instant(unchecked: 253_402_300_799_999)

    private init(unchecked milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Values outside the years 0001–9999 are clamped, so that arithmetic on instants cannot trap or overflow a text.
    package init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, Self.earliest.milliseconds), Self.latest.milliseconds)
    }

    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        self.init(milliseconds: overflow ? (seconds < 0 ? .min : .max) : product)
    }

    package var seconds: Int64 { milliseconds.floorDivided(by: 1000) }

    package static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

    package func adding(_ duration: Duration) -> Instant {
        let (sum, overflow) = milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        return Instant(milliseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package func subtracting(_ duration: Duration) -> Instant { adding(.zero - duration) }

    package func since(_ earlier: Instant) -> Duration { .milliseconds(milliseconds - earlier.milliseconds) }
}

extension Duration {
    package static func minutes(_ count: Int64) -> Duration { .seconds(count * 60) }
    package static func hours(_ count: Int64) -> Duration { .seconds(count * 3600) }
    package static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }

    /// Milliseconds, rounded towards zero and clamped to what 64 bits hold.
    package var wholeMilliseconds: Int64 {
        let (whole, fraction) = components
        let (product, overflow) = whole.multipliedReportingOverflow(by: 1000)
        return overflow ? (whole < 0 ? .min / 2 : .max / 2) : product + fraction / 1_000_000_000_000_000
    }

    /// Seconds with their fraction, for figures shown to people.
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// The same to the millisecond.
    package var roundedSeconds: Double { Double(wholeMilliseconds) / 1000 }
}

extension Int64 {
    /// Division that rounds towards negative infinity. `divisor` must be positive.
    package func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

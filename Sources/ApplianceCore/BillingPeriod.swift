/// A month or a year of a subscription: `[start, end)`, from midnight to midnight in the shop's zone. Every one is
/// counted from the first day of all, so that 31 January is followed by 28 February and then 31 March
/// (`facts/usage.md`).
package struct BillingPeriod: Sendable, Equatable {
    package let start: Instant
    package let end: Instant

    package init(start: Instant, end: Instant) { (self.start, self.end) = (start, end) }

    /// The one of `months` that `instant` falls into, also before the anchor.
    package static func containing(
        _ instant: Instant, anchor: CivilDate, months: Int = 1, in zone: LocalTime
    ) -> BillingPeriod {
        let day = zone.date(of: instant)
        let between = (day.year - anchor.year) * 12 + day.month - anchor.month
        var index = Int(Int64(between).floorDivided(by: Int64(months)))
        if Self.day(index, after: anchor, months: months) > day { index -= 1 }
        return BillingPeriod(
            start: zone.instant(Self.day(index, after: anchor, months: months)),
            end: zone.instant(Self.day(index + 1, after: anchor, months: months)))
    }

    /// The anchor's day in the month `index * months` later, or that month's last one.
    package static func day(_ index: Int, after anchor: CivilDate, months: Int) -> CivilDate {
        let month = anchor.year * 12 + anchor.month - 1 + index * months
        let (year, inYear) = (
            Int(Int64(month).floorDivided(by: 12)), month - Int(Int64(month).floorDivided(by: 12)) * 12
        )
        let length = CivilDate.length(ofMonth: inYear + 1, year: year)
        // Beyond the years 1 to 9999 nothing is counted.
        return CivilDate(year: year, month: inYear + 1, day: min(anchor.day, length)) ?? anchor
    }
}

package import ApplianceCore

/// Work that comes back: a line of the table `BuiltInJobs`.
package struct RecurringJob: Sendable {
    /// Lower case with dashes; what `appliance schedule run` names.
    package let name: String
    package let title: String
    package let description: String
    package let schedule: JobSchedule
    /// Does the work and says in a few words what came of it.
    package let run: @Sendable (JobRun) async throws -> String

    package init(
        _ name: String, title: String, description: String, schedule: JobSchedule,
        run: @escaping @Sendable (JobRun) async throws -> String
    ) {
        (self.name, self.title, self.description) = (name, title, description)
        (self.schedule, self.run) = (schedule, run)
    }
}

/// When a job is due. Always on fixed slots, so that a restart moves nothing.
package enum JobSchedule: Sendable, Equatable {
    /// At every minute of the hour that `minutes` divides, in UTC. A divisor of 60.
    case every(minutes: Int)
    /// Once a day at this time in UTC.
    case daily(hour: Int, minute: Int)

    /// The first slot behind `instant`.
    package func next(after instant: Instant) -> Instant {
        let (period, offset) = periodAndOffset
        let slot = (instant.seconds - offset).floorDivided(by: period) + 1
        return Instant(seconds: slot * period + offset)
    }

    /// The last slot at or before `instant`.
    package func latest(at instant: Instant) -> Instant {
        next(after: instant.subtracting(.milliseconds(1))) == instant
            ? instant : next(after: instant).subtracting(.seconds(periodAndOffset.period))
    }

    private var periodAndOffset: (period: Int64, offset: Int64) {
        switch self {
        case .every(let minutes): (Int64(minutes) * 60, 0)
        case .daily(let hour, let minute): (86_400, Int64(hour * 3600 + minute * 60))
        }
    }

    package var text: String {
        switch self {
        case .every(60): "hourly at :00"
        case .every(let minutes): "every \(minutes) minutes"
        case .daily(let hour, let minute):
            "daily at \(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
        }
    }
}

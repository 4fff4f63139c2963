package import ApplianceCore
import Histogram
import Synchronization

/// Counts and times requests: since the start by route, and minute by minute for the last hour.
package final class RequestMetrics: Sendable {
    private enum Limit {
        /// Routes times status classes; our route list bounds it, this is for mistakes.
        static let series = 2000
        static let minutes = 60
        /// Microseconds; longer counts as this.
        static let longest: UInt64 = 600_000_000
    }

    struct Series: Hashable {
        let method: String
        let route: String
        let statusClass: Int
    }

    private struct Minute {
        let number: Int64
        var requests = 0
        var errors = 0
        var latency = LatencyBuckets()
    }

    private struct State {
        var counts: [Series: Int] = [:]
        var latency = LatencyBuckets()
        var minutes: [Minute] = []
        var hour = RequestMetrics.histogram()
    }

    private let state: Mutex<State>
    private let time: TimeSource

    package init(time: TimeSource) {
        self.time = time
        state = Mutex(State())
    }

    private static func histogram() -> Histogram<UInt32> {
        Histogram(highestTrackableValue: Limit.longest, numberOfSignificantValueDigits: .two)
    }

    /// `route` is a pattern, never a path; 5xx count as errors.
    package func record(method: String, route: String?, status: Int, seconds: Double) {
        let minute = time.now().seconds.floorDivided(by: 60)
        let microseconds = UInt64(min(max(seconds * 1_000_000, 1), Double(Limit.longest)))
        state.withLock { state in
            let series = Series(method: method, route: route ?? "none", statusClass: status / 100)
            if state.counts[series] != nil || state.counts.count < Limit.series {
                state.counts[series, default: 0] += 1
            }
            state.latency.add(microseconds)
            state.hour.record(microseconds)
            if state.minutes.last?.number != minute {
                state.minutes.append(Minute(number: minute))
                if state.minutes.count > Limit.minutes { state.minutes.removeFirst() }
            }
            let last = state.minutes.count - 1
            state.minutes[last].requests += 1
            state.minutes[last].latency.add(microseconds)
            if status >= 500 { state.minutes[last].errors += 1 }
        }
    }

    /// What `GET /api/admin/metrics` says of requests. Milliseconds.
    package func json() -> [JSON.Member] {
        let now = time.now().seconds.floorDivided(by: 60)
        return state.withLock { state in
            let recent = state.minutes.filter { $0.number > now - Int64(Limit.minutes) }
            let requests = recent.reduce(0) { $0 + $1.requests }
            let errors = recent.reduce(0) { $0 + $1.errors }
            let lastFull = recent.last { $0.number == now - 1 }?.requests ?? 0
            return [
                .init("requestsPerMinute", JSON(max(lastFull, recent.last { $0.number == now }?.requests ?? 0))),
                .init("p50", Self.percentile(state.hour, 50)), .init("p95", Self.percentile(state.hour, 95)),
                .init("p99", Self.percentile(state.hour, 99)),
                .init("errorRate", JSON(requests == 0 ? 0 : Double(errors) / Double(requests))),
                .init("history", .array(Self.history(recent, now: now))),
            ]
        }
    }

    private static func percentile(_ histogram: Histogram<UInt32>, _ percent: Double) -> JSON {
        JSON((Double(histogram.valueAtPercentile(percent)) / 10).rounded() / 100)
    }

    /// Sixty minutes, those without requests included.
    private static func history(_ minutes: [Minute], now: Int64) -> [JSON] {
        let byNumber = Dictionary(minutes.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        return (now - Int64(Limit.minutes) + 1...now).map { number in
            let minute = byNumber[number]
            return [
                "at": JSON(Instant(seconds: number * 60)), "requests": JSON(minute?.requests ?? 0),
                "errors": JSON(minute?.errors ?? 0), "p95": JSON(minute?.latency.milliseconds(percent: 95) ?? 0),
            ]
        }
    }

    /// The request families of the Prometheus text.
    func writePrometheus(to text: inout PrometheusText) {
        let (counts, latency) = state.withLock { ($0.counts, $0.latency) }
        text.family("http_requests_total", .counter, "Requests answered.")
        for (series, count) in counts.sorted(by: {
            ($0.key.route, $0.key.method, $0.key.statusClass) < ($1.key.route, $1.key.method, $1.key.statusClass)
        }) {
            text.sample(
                "http_requests_total", Double(count),
                [("method", series.method), ("route", series.route), ("status", "\(series.statusClass)xx")])
        }
        text.family("http_request_duration_seconds", .histogram, "Time from the request's head to its answer.")
        latency.write(to: &text, name: "http_request_duration_seconds")
    }
}

/// Counts durations in fixed buckets that double: small, and cheap to add to.
struct LatencyBuckets {
    /// Upper bounds in microseconds: 125 µs … 8 s.
    private static let bounds: [UInt64] = (0..<17).map { 125 << UInt64($0) }

    private var counts = [Int](repeating: 0, count: bounds.count + 1)
    private var sum: UInt64 = 0

    mutating func add(_ microseconds: UInt64) {
        let index = Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count
        counts[index] += 1
        sum += microseconds
    }

    /// The upper bound of the bucket in which the percentile falls.
    func milliseconds(percent: Int) -> Double {
        let total = counts.reduce(0, +)
        guard total > 0 else { return 0 }
        var seen = 0
        for (index, count) in counts.enumerated() {
            seen += count
            if seen * 100 >= total * percent {
                return Double(Self.bounds[min(index, Self.bounds.count - 1)]) / 1000
            }
        }
        return 0
    }

    func write(to text: inout PrometheusText, name: String) {
        var seen = 0
        for (bound, count) in zip(Self.bounds, counts) {
            seen += count
            text.sample(name + "_bucket", Double(seen), [("le", "\(Double(bound) / 1_000_000)")])
        }
        let total = counts.reduce(0, +)
        text.sample(name + "_bucket", Double(total), [("le", "+Inf")])
        text.sample(name + "_sum", Double(sum) / 1_000_000)
        text.sample(name + "_count", Double(total))
    }
}

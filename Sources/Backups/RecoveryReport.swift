package import ApplianceCore

/// What can be brought back of each shop, how far back that goes, and how long it was measured to take, against what
/// was promised.
package struct RecoveryReport: Sendable {
    package enum Promise {
        /// How much work may be lost at the most.
        package static let recoveryPoint = Duration.hours(1)
        /// How long a shop may be gone at the most.
        package static let recoveryTime = Duration.hours(4)
        /// A snapshot each hour holds the promise only when it is done: the time that its run may take.
        static let run = Duration.minutes(15)
    }

    /// A stretch of time from which a shop can be restored, and how finely. Snapshots are one source; another, such as
    /// a log of changes, only adds its own.
    package struct Span: Sendable {
        package let source: String
        package let from: Instant
        package let to: Instant

        package init(_ source: String, from: Instant, to: Instant) {
            (self.source, self.from, self.to) = (source, from, to)
        }

        var json: JSON { ["source": .string(source), "from": JSON(from), "to": JSON(to)] }
    }

    package struct Shop: Sendable {
        package let id: String
        package let slug: String
        package let name: String
        package let createdAt: Instant

        package init(id: String, slug: String, name: String, createdAt: Instant) {
            (self.id, self.slug, self.name, self.createdAt) = (id, slug, name, createdAt)
        }
    }

    package struct Line: Sendable {
        package let shop: Shop
        package let spans: [Span]
        /// When a copy of it was last restored into scratch and found whole.
        package let provedAt: Instant?
        package let drill: RecoveryDrill?
        /// What would be lost now.
        package let recoveryPoint: Duration
        /// Broken promises, as sentences; none when all hold.
        package let breaches: [String]

        package var restorableFrom: Instant? { spans.map(\.from).min() }
        package var restorableTo: Instant? { spans.map(\.to).max() }
    }

    package let at: Instant
    package let lines: [Line]

    package var breaches: [String] { lines.flatMap { line in line.breaches.map { "\(line.shop.slug): \($0)" } } }

    /// `spans` and `drills` by tenant id.
    package init(
        _ shops: [Shop], spans: [String: [Span]], proved: [String: Instant], drills: [String: RecoveryDrill],
        at: Instant
    ) {
        self.at = at
        lines = shops.map { shop in
            let own = spans[shop.id] ?? []
            let drill = drills[shop.id]
            let point = at.since(own.map(\.to).max() ?? shop.createdAt)
            var breaches: [String] = []
            if point > Promise.recoveryPoint + Promise.run {
                breaches.append(
                    own.isEmpty
                        ? "it is in no proved backup"
                        : "its newest proved backup is \(RestorePlan.span(point.components.seconds)) old")
            }
            if let problem = drill?.problem { breaches.append("the last drill failed: \(problem)") }
            if let drill, drill.duration > Promise.recoveryTime {
                breaches.append("the last drill took \(RestorePlan.span(drill.duration.components.seconds))")
            }
            let proofs = [proved[shop.id], drill.flatMap { $0.problem == nil ? $0.at : nil }].compactMap { $0 }
            return Line(
                shop: shop, spans: own, provedAt: proofs.max(), drill: drill, recoveryPoint: max(.zero, point),
                breaches: breaches)
        }
    }

    /// What snapshots give, newest first: where each shop can go back to, and when that was last proved.
    package static func spans(of snapshots: [Snapshot]) -> (spans: [String: [Span]], proved: [String: Instant]) {
        var times: [String: (from: Instant, to: Instant)] = [:]
        var proved: [String: Instant] = [:]
        for snapshot in snapshots {
            let good = snapshot.goodTenants
            for file in snapshot.manifest?.files ?? [] {
                guard let id = file.tenant?.id, good.contains(id) else { continue }
                let known = times[id] ?? (file.takenAt, file.takenAt)
                times[id] = (min(known.from, file.takenAt), max(known.to, file.takenAt))
                // A link stands for bytes that were proved when they were stored, or verified since.
                let proof = file.linkedFrom == nil ? snapshot.verifiedAt : snapshot.verification?.verifiedAt
                if let proof { proved[id] = max(proved[id] ?? .earliest, proof) }
            }
        }
        return (times.mapValues { [Span("snapshots", from: $0.from, to: $0.to)] }, proved)
    }

    package var json: JSON {
        [
            "at": JSON(at), "ok": .bool(breaches.isEmpty),
            "promise": [
                "recoveryPointSeconds": JSON(Promise.recoveryPoint.components.seconds),
                "recoveryTimeSeconds": JSON(Promise.recoveryTime.components.seconds),
            ],
            "items": .array(lines.map(\.json)), "nextCursor": nil,
        ]
    }
}

extension RecoveryReport.Line {
    var json: JSON {
        [
            "tenantId": .string(shop.id), "tenant": .string(shop.slug), "name": .string(shop.name),
            "restorableFrom": JSON(restorableFrom), "restorableTo": JSON(restorableTo),
            "sources": .array(spans.map(\.json)), "provedAt": JSON(provedAt),
            "recoveryPointSeconds": JSON(recoveryPoint.components.seconds),
            "recoveryTimeSeconds": drill.map { JSON($0.duration.inSeconds) } ?? .null, "drill": drill?.json ?? .null,
            "ok": .bool(breaches.isEmpty), "breaches": .array(breaches.map { .string($0) }),
        ]
    }
}

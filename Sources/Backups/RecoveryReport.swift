package import ApplianceCore
package import Storage

/// What can be brought back of each shop, how far back that goes, and how long it was measured to take, against what
/// was promised. Pure: it is made of what others found.
package struct RecoveryReport: Sendable {
    package struct Shop: Sendable {
        package let id: String
        package let slug: String
        package let name: String
        package let createdAt: Instant

        package init(id: String, slug: String, name: String, createdAt: Instant) {
            (self.id, self.slug, self.name, self.createdAt) = (id, slug, name, createdAt)
        }
    }

    /// Persons who were erased from a shop, and are in its backups for some time still.
    package struct Erasures: Sendable {
        package let count: Int
        package let lastAt: Instant
        /// Nil where nobody can say.
        package let inBackupsUntil: Instant?

        package init(count: Int, lastAt: Instant, inBackupsUntil: Instant?) {
            (self.count, self.lastAt, self.inBackupsUntil) = (count, lastAt, inBackupsUntil)
        }

        var json: JSON {
            ["count": JSON(count), "lastAt": JSON(lastAt), "inBackupsUntil": JSON(inBackupsUntil)]
        }
    }

    /// What is known of one shop's backups.
    package struct Evidence: Sendable {
        /// Where its snapshots begin and end; nil without any.
        package var snapshots: Span?
        /// Chains of the change log without a gap, the oldest first.
        package var log: [Span] = []
        /// How the log keeps up; nil when there is none.
        package var lag: LogLag?
        /// Whether a chain of the log goes on from the live file.
        package var isLogged = false
        /// When a copy of it was last restored into scratch and found whole.
        package var provedAt: Instant?
        package var drill: RecoveryDrill?
        /// Of the live file.
        package var bytes: Int64 = 0
        /// Nil when nobody was ever erased from it.
        package var erasures: Erasures?
        /// Messages that wait for a person since it went back.
        package var held = 0

        package init() {}
    }

    package let at: Instant
    package let promise: RecoveryPromise
    package let lines: [Line]

    package var breaches: [String] { lines.flatMap { line in line.breaches.map { "\(line.shop.slug): \($0.text)" } } }

    package init(_ shops: [(Shop, Evidence)], promise: RecoveryPromise, at: Instant) {
        (self.at, self.promise) = (at, promise)
        lines = shops.map { Line($0, $1, promise, at) }
    }

    package var json: JSON {
        [
            "at": JSON(at), "ok": .bool(lines.allSatisfy(\.breaches.isEmpty)), "promise": promise.json,
            "usual": RecoveryPromise.usual.json, "items": .array(lines.map(\.json)), "nextCursor": nil,
        ]
    }
}

extension RecoveryReport {
    /// A stretch of time from which a shop can be restored.
    package struct Span: Sendable, Equatable {
        package let from: Instant
        package let to: Instant

        package init(from: Instant, to: Instant) { (self.from, self.to) = (from, to) }

        var json: JSON { ["from": JSON(from), "to": JSON(to)] }
    }

    /// Times that are not kept to the second, and what there is instead.
    package struct Gap: Sendable, Equatable {
        package let span: Span
        package let reason: String

        var json: JSON { span.json.adding(["reason": .string(reason)]) }
    }

    /// A promise that is not kept.
    package struct Breach: Sendable, Equatable {
        package enum Kind: String, Sendable {
            case recoveryPoint = "recovery_point"
            case recoveryTime = "recovery_time"
            case drill = "drill_failed"
        }

        package let kind: Kind
        /// A sentence about the shop without its name.
        package let text: String
    }

    /// One shop.
    package struct Line: Sendable {
        package let shop: Shop
        package let evidence: Evidence
        package let gaps: [Gap]
        package let restorableFrom: Instant?
        /// Everything that was committed until then can be had.
        package let restorableTo: Instant?
        /// What would be lost now, with the data disk.
        package let loss: Duration
        /// Measured: the longest that a commit of the last hour was not yet safe.
        package let point: Duration
        /// What restoring it would take by the last drill; nil before the first.
        package let time: Duration?
        package let breaches: [Breach]

        init(_ shop: Shop, _ evidence: Evidence, _ promise: RecoveryPromise, _ at: Instant) {
            (self.shop, self.evidence) = (shop, evidence)
            gaps = Self.gaps(evidence)
            let newest = [evidence.snapshots?.to, evidence.log.last?.to].compactMap { $0 }.max()
            restorableFrom = [evidence.snapshots?.from, evidence.log.first?.from].compactMap { $0 }.min()
            if evidence.isLogged {
                loss = max(.zero, evidence.lag?.waitingSince.map { at.since($0) } ?? .zero)
                restorableTo = evidence.lag?.waitingSince ?? at
            } else {
                loss = max(.zero, at.since(newest ?? shop.createdAt))
                restorableTo = newest
            }
            point = max(loss, evidence.lag?.worst ?? .zero)
            time = evidence.drill.flatMap { Self.time($0, bytes: evidence.bytes) }
            breaches = Self.breaches(evidence, promise, point: point, time: time, hasCopy: newest != nil)
        }

        /// A drill's time, longer by as much as the shop has grown since.
        private static func time(_ drill: RecoveryDrill, bytes: Int64) -> Duration? {
            guard drill.problem == nil else { return nil }
            let growth = max(1, Double(bytes) / Double(max(1, drill.bytes)))
            return .milliseconds(Int64(min(drill.duration.inSeconds * growth, 1e9) * 1000))
        }

        private static func gaps(_ evidence: Evidence) -> [Gap] {
            var gaps: [Gap] = []
            if let first = evidence.log.first, let snapshots = evidence.snapshots, snapshots.from < first.from {
                gaps.append(Gap(span: Span(from: snapshots.from, to: first.from), reason: "snapshots only"))
            }
            for (span, next) in zip(evidence.log, evidence.log.dropFirst()) where span.to < next.from {
                gaps.append(Gap(span: Span(from: span.to, to: next.from), reason: "the change log began anew"))
            }
            return gaps
        }

        private static func breaches(
            _ evidence: Evidence, _ promise: RecoveryPromise, point: Duration, time: Duration?, hasCopy: Bool
        ) -> [Breach] {
            var breaches: [Breach] = []
            if point > promise.point + RecoveryPromise.Limit.allowance {
                let span = RestorePlan.span(point.components.seconds)
                let text =
                    evidence.isLogged
                    ? "changes of \(span) were not in the change log"
                    : hasCopy
                        ? "its newest backup is \(span) old, and no change log goes on from it"
                        : "it is in no proved backup"
                breaches.append(Breach(kind: .recoveryPoint, text: text))
            }
            if let problem = evidence.drill?.problem {
                breaches.append(Breach(kind: .drill, text: "the last drill failed: \(problem)"))
            }
            if let time, time > promise.time(of: evidence.bytes) {
                let promised = RestorePlan.span(promise.time(of: evidence.bytes).components.seconds)
                let taken = RestorePlan.span(time.components.seconds)
                let text = "a restore takes about \(taken), promised are \(promised)"
                breaches.append(Breach(kind: .recoveryTime, text: text))
            }
            return breaches
        }

        package var provedAt: Instant? {
            [evidence.provedAt, evidence.drill.flatMap { $0.problem == nil ? $0.at : nil }].compactMap { $0 }.max()
        }

        var json: JSON {
            [
                "tenantId": .string(shop.id), "tenant": .string(shop.slug), "name": .string(shop.name),
                "bytes": JSON(evidence.bytes),
                "restorableFrom": JSON(restorableFrom), "restorableTo": JSON(restorableTo),
                "snapshots": evidence.snapshots?.json ?? .null, "log": .array(evidence.log.map(\.json)),
                "logging": .bool(evidence.isLogged), "gaps": .array(gaps.map(\.json)), "provedAt": JSON(provedAt),
                "wouldLoseSeconds": JSON(loss.roundedSeconds), "recoveryPointSeconds": JSON(point.roundedSeconds),
                "recoveryTimeSeconds": time.map { JSON($0.roundedSeconds) } ?? .null,
                "drill": evidence.drill?.json ?? .null, "ok": .bool(breaches.isEmpty),
                "breaches": .array(breaches.map { .string($0.text) }),
                "erasures": evidence.erasures?.json ?? .null, "held": JSON(evidence.held),
            ]
        }
    }
}

extension RecoveryReport {
    /// What snapshots give, by tenant: where each can go back to, and when that was last proved.
    package static func spans(of snapshots: [Snapshot]) -> [String: (span: Span, provedAt: Instant?)] {
        var found: [String: (span: Span, provedAt: Instant?)] = [:]
        for snapshot in snapshots {
            let good = snapshot.goodTenants
            for file in snapshot.manifest?.files ?? [] {
                guard let id = file.tenant?.id, good.contains(id) else { continue }
                let known = found[id]
                let span = Span(
                    from: min(known?.span.from ?? file.takenAt, file.takenAt),
                    to: max(known?.span.to ?? file.takenAt, file.takenAt))
                // A link stands for bytes that were proved when they were stored, or verified since.
                let proof = file.linkedFrom == nil ? snapshot.verifiedAt : snapshot.verification?.verifiedAt
                found[id] = (span, [known?.provedAt, proof].compactMap { $0 }.max())
            }
        }
        return found
    }
}

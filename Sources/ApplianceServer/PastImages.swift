import ApplianceCore
import Backups
import Foundation
import HTTPAPI
import Storage
import Synchronization

/// Shops as they were, for reading: copies in scratch, made when somebody asks, and kept for the next who does.
final class PastImages: Sendable {
    enum Limit {
        static let images = 8
        /// Of one shop: nobody pushes out what others read.
        static let ofOneShop = 3
        /// Made at the same time.
        static let underWay = 2
        /// All together, once somebody wants another one; one alone may be larger for an operator only.
        static let bytes: Int64 = 4 << 30
        static let idle = Duration.minutes(15)
    }

    private struct Made {
        let database: DatabaseFile
        let at: Instant
        let seconds: Double
    }

    private struct Image {
        let tenant: String
        let folder: URL
        let task: Task<Made, any Error>
        var isReady = false
        var bytes: Int64
        var uses = 1
        var lastUse: Instant
    }

    private let images = Mutex<[String: Image]>([:])
    /// How often the copies of a shop were given up.
    private let ages = Mutex<[String: Int]>([:])
    private let backups: BackupService
    private let storage: StorageServices
    private let data: DataDirectory
    private let schema: DatabaseSchema
    private let time: TimeSource

    init(
        backups: BackupService, storage: StorageServices, data: DataDirectory, schema: DatabaseSchema, time: TimeSource
    ) {
        (self.backups, self.storage, self.data, self.schema, self.time) = (backups, storage, data, schema, time)
    }

    // MARK: - Opening

    /// The shop at an instant that its change log knows.
    func open(_ tenant: String, at: Instant) async throws -> PastState {
        if let known = try await known(imageName(tenant, at)) { return known }
        guard at <= time.now() else { throw try await outside(tenant) }
        let plan: RestorePlan
        do {
            plan = try await backups.plan(RestoreRequest(tenants: [tenant], at: at))
        } catch let error as DomainError where error.code == "not_found" {
            throw try await outside(tenant)
        }
        // A snapshot alone tells of its own moment only.
        guard let item = plan.items.first, item.isLogged else { throw try await outside(tenant) }
        guard plan.bytes <= Limit.bytes else {
            throw DomainError(
                .tooLarge, "past_too_large", "This shop is too large to be read as of another time.",
                hint: "An operator can make a shop of it: appliance restore --as.")
        }
        return try await open(plan, name: imageName(tenant, at))
    }

    /// What a plan of one shop gives.
    func open(_ plan: RestorePlan) async throws -> PastState {
        guard let item = plan.items.first, let tenant = item.tenant?.id else {
            throw DomainError.internal("not a plan of one shop")
        }
        let name =
            item.log.map { imageName(tenant, $0.until) } ?? "\(tenant) \(RestorePlan.source(item)), \(age(tenant))"
        if let known = try await known(name) { return known }
        return try await open(plan, name: name)
    }

    private func imageName(_ tenant: String, _ at: Instant) -> String { "\(tenant) at \(at), \(age(tenant))" }
    private func age(_ tenant: String) -> Int { ages.withLock { $0[tenant] ?? 0 } }

    /// Gives up the copies of a shop: whoever reads one has it to the end, and nobody is given it any more.
    func forget(_ tenant: String) async {
        ages.withLock { $0[tenant, default: 0] += 1 }
        let idle = images.withLock { images in
            let idle = images.filter { $0.value.tenant == tenant && $0.value.uses <= 0 && $0.value.isReady }
            for name in idle.keys { images[name] = nil }
            return Array(idle.values)
        }
        for image in idle { await remove(image) }
    }

    private func outside(_ tenant: String) async throws -> DomainError {
        let window = try await backups.logWindow(tenant)
        let message =
            window.map { "This shop is known as it was between \($0.from) and \(min($0.to, time.now()))." }
            ?? "Nothing is known yet of this shop's past."
        var error = DomainError(.invalid, "outside_window", message)
        error.faults = [.init("at", "outside_window", message)]
        return error
    }

    private func known(_ name: String) async throws -> PastState? {
        let task = images.withLock { images -> Task<Made, any Error>? in
            guard var image = images[name] else { return nil }
            image.uses += 1
            image.lastUse = time.now()
            images[name] = image
            return image.task
        }
        guard let task else { return nil }
        return try await state(name, task)
    }

    private func open(_ plan: RestorePlan, name: String) async throws -> PastState {
        let now = time.now()
        let tenant = plan.items.first?.tenant?.id ?? ""
        let (task, evicted) = try images.withLock { images -> (Task<Made, any Error>, [Image]) in
            if var image = images[name] {
                image.uses += 1
                images[name] = image
                return (image.task, [])
            }
            let evicted = try Self.makeRoom(for: plan.bytes, of: tenant, &images)
            let folder = data.scratchURL()
            let task = Task { [self] in try await make(plan, in: folder) }
            images[name] = Image(tenant: tenant, folder: folder, task: task, bytes: plan.bytes, lastUse: now)
            return (task, evicted)
        }
        for image in evicted { await remove(image) }
        return try await state(name, task)
    }

    private func state(_ name: String, _ task: Task<Made, any Error>) async throws -> PastState {
        do {
            let made = try await task.value
            images.withLock { $0[name]?.isReady = true }
            return PastState(database: made.database, at: made.at, seconds: made.seconds) { [self] in release(name) }
        } catch {
            // Whoever comes next tries again.
            images.withLock { images in if images[name]?.task == task { images[name] = nil } }
            throw error
        }
    }

    private func release(_ name: String) {
        let now = time.now()
        images.withLock { images in
            images[name]?.uses -= 1
            images[name]?.lastUse = now
        }
    }

    private func make(_ plan: RestorePlan, in folder: URL) async throws -> Made {
        let start = ContinuousClock.now
        try FileSystem.makeFolder(data.scratch)
        let staged = try await backups.stage(plan, in: folder)
        let database = DatabaseFile(
            staged.folder.appending(path: "tenant.sqlite"), name: "past of \(staged.folder.lastPathComponent)",
            schema: schema, services: storage, isLogged: false)
        // Of an older version it is brought up to date here, in the copy.
        if let reason = try await storage.longWork({ database.probe() }) {
            try? FileSystem.remove(folder)
            throw reason
        }
        return Made(database: database, at: staged.at, seconds: (ContinuousClock.now - start).inSeconds)
    }

    // MARK: - Room

    /// Takes those out that nobody reads, the longest unused first, until there is room. Throws when there is none.
    private static func makeRoom(for bytes: Int64, of tenant: String, _ images: inout [String: Image]) throws -> [Image]
    {
        var evicted: [Image] = []
        func evict(_ isCandidate: (Image) -> Bool) throws {
            let free = images.filter { $0.value.uses <= 0 && $0.value.isReady && isCandidate($0.value) }
            guard let oldest = free.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
                throw DomainError(
                    .unavailable, "past_busy", "Too many look at the past just now.", hint: "Try again in a moment.",
                    retryAfter: 2)
            }
            images[oldest.key] = nil
            evicted.append(oldest.value)
        }
        guard images.values.count(where: { !$0.isReady }) < Limit.underWay else { try evict { _ in false }; return [] }
        while images.values.count(where: { $0.tenant == tenant }) >= Limit.ofOneShop {
            try evict { $0.tenant == tenant }
        }
        while images.count >= Limit.images { try evict { _ in true } }
        while !images.isEmpty, images.values.reduce(bytes, { $0 + $1.bytes }) > Limit.bytes { try evict { _ in true } }
        return evicted
    }

    /// Removes copies that nobody has asked for in a while; how many.
    func removeIdle() async -> Int {
        let limit = time.now().subtracting(Limit.idle)
        let idle = images.withLock { images in
            let idle = images.filter { $0.value.uses <= 0 && $0.value.isReady && $0.value.lastUse <= limit }
            for name in idle.keys { images[name] = nil }
            return Array(idle.values)
        }
        for image in idle { await remove(image) }
        return idle.count
    }

    private func remove(_ image: Image) async {
        if let made = try? await image.task.value { made.database.closeIfQuiet() }
        try? await storage.longWork { try FileSystem.remove(image.folder) }
    }
}

import ApplianceCore
import Backups
import Synchronization

/// When each tenant was last in a proved snapshot, for health, metrics and the list of tenants: read from the newest
/// manifests once, and again after a snapshot.
final class LatestBackups: Sendable {
    struct State: Sendable {
        fileprivate var isKnown = false
        var newest: Instant?
        var byTenant: [String: Instant] = [:]
        /// Names of the databases that have a change log.
        var logged: Set<String> = []
    }

    private let backups: BackupService
    private let state = Mutex(State())

    init(_ backups: BackupService) { self.backups = backups }

    func refresh() async throws {
        let good = try await backups.list().filter(\.isGood)
        var byTenant: [String: Instant] = [:]
        for snapshot in good {
            // An unchanged file was as good as taken when the snapshot was made.
            let madeAt = snapshot.manifest?.createdAt ?? .earliest
            for id in snapshot.goodTenants { byTenant[id] = max(byTenant[id] ?? .earliest, madeAt) }
        }
        let newest = good.compactMap { $0.manifest?.createdAt }.max()
        let logged = try await backups.loggedNames()
        state.withLock { [byTenant] in
            $0 = State(isKnown: true, newest: newest, byTenant: byTenant, logged: logged)
        }
    }

    private func known() async -> State {
        if !state.withLock({ $0.isKnown }) { try? await refresh() }
        return state.withLock { $0 }
    }

    func all() async -> State { await known() }
    func newest() async -> Instant? { await known().newest }
    func of(tenant id: String) async -> Instant? { await known().byTenant[id] }
}

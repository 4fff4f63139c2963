import ApplianceCore
import Foundation
import Logging
import Storage

extension BackupService {
    /// Brings the seals of all snapshots and of the change log up to the key that seals now. False when that failed,
    /// which is logged; the next start tries again.
    ///
    /// In a data folder that never did this, or whose `master.key` was lost, no snapshot can have a seal of ours: what
    /// is there is taken at its word, once. From then on one without a right seal is refused. After a rotation those
    /// whose seal is right get the new one, and others stay as they are. `again` looks also where the key that seals
    /// now has done it before: something may have been on its way to the disk with the key of before.
    @discardableResult
    package func settleSeals(again: Bool = false) async -> Bool {
        if again { await environment.services.changeLog?.flush() }
        do {
            try await environment.services.longWork {
                try self.sealAll(again)
                try self.sealLog(again)
            }
            return true
        } catch {
            let cause = DomainError(any: error).cause ?? "\(error)"
            environment.logger.warning("backups not sealed", metadata: [LogKey.error: "\(cause)"])
            return false
        }
    }

    private func sealLog(_ again: Bool) throws {
        guard let seals = environment.logSeals else { return }
        let sealing = LogSealing(root: catalog.root, seals: seals, mark: environment.directory.logSealedWith)
        if let count = try sealing.settle(again: again) {
            environment.logger.notice("change log sealed", metadata: [LogKey.count: "\(count)"])
        }
    }

    /// A person has restored everything from snapshots that nobody could check: whatever is among them is ours now.
    func takeOver(_ plan: RestorePlan) async {
        guard plan.isUnsealed, plan.isWhole, plan.into == nil, plan.root == catalog.root else { return }
        try? FileSystem.remove(environment.directory.sealedWith)
        try? FileSystem.remove(environment.directory.logSealedWith)
        await settleSeals()
    }

    private func sealAll(_ again: Bool) throws {
        guard let seals = environment.seals else { return }
        let last = lastSealedWith()
        guard last != seals.id || again else { return }
        let isFirst = !seals.ids.contains(last)
        var count = 0
        for id in try catalog.folder.ids() {
            guard let bytes = try? catalog.manifestBytes(id) else { continue }
            let isOurs =
                isFirst
                ? Manifest.isWhole(bytes)
                : (try? seals.check(catalog.folder.manifest(id), seal: catalog.sealBytes(id))) != nil
            guard isOurs else { continue }
            do {
                try AtomicFile.publish(seals.seal(bytes), to: catalog.folder.seal(id))
                count += 1
            } catch  where EntryKind(catalog.folder.snapshot(id)) == nil {
                // Pruned meanwhile.
                continue
            }
        }
        try AtomicFile.publish(Array(seals.id.utf8), to: environment.directory.sealedWith)
        environment.logger.notice("snapshots sealed", metadata: [LogKey.count: "\(count)"])
    }

    /// Empty when none did.
    private func lastSealedWith() -> String {
        let bytes = try? FileReader.contents(environment.directory.sealedWith, limit: ManifestSeals.Limit.file)
        return bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Whose seals a request asks for; nil when it is to take what nobody vouches for. Nothing is here that somebody
    /// could mean to replace, on a machine that was just set up: its own key is not the one of the backups.
    func seals(for request: RestoreRequest) -> ManifestSeals? {
        let tenants = (try? FileManager.default.contentsOfDirectory(atPath: environment.directory.tenants.path)) ?? []
        let isNew =
            request.tenants.isEmpty && request.undo == nil && tenants.isEmpty
            && FileSystem.exists(environment.directory.sealedWith)
        return request.isUnsealed || isNew ? nil : environment.seals
    }
}

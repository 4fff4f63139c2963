import ApplianceCore
import Logging
import Synchronization

/// How far an open file is with making its search indexes anew.
enum IndexRenewal {
    case none, underWay, done
}

extension DatabaseFile {
    /// Makes the search indexes anew, in a write of its own, when an error says that one does not fit the records:
    /// nothing is lost with an index, so the shop stays in service. Whoever met the error is told to come again.
    ///
    /// Only once for as long as the file is open. An index that does not fit when it has just been made says that the
    /// records are damaged.
    func renewIndexes(after reason: DomainError) {
        guard reason.code == DomainError.indexDamagedCode else { return }
        let mustBegin = state.withLock { state in
            guard case .open = state.phase else { return false }
            switch state.renewal {
            case .none:
                state.renewal = .underWay
                return true
            case .underWay:
                return false
            case .done:
                quarantine(&state, .damaged(cause: reason.cause ?? reason.message))
                return false
            }
        }
        guard mustBegin else { return }
        let write = PendingWrite(
            run: { [self] db in
                try schema.renew(db)
                return { [self] in didRenew(nil) }
            },
            fail: { [self] in didRenew(DomainError(any: $0)) }, isAlone: true)
        enqueue(write)
    }

    private func didRenew(_ failure: DomainError?) {
        state.withLock { state in
            guard case .underWay = state.renewal else { return }
            // What the disk refused is tried again by the next who meets the error.
            state.renewal = failure == nil ? .done : .none
            guard failure?.code == DomainError.indexDamagedCode else { return }
            quarantine(&state, .damaged(cause: failure?.cause ?? "an index cannot be made"))
        }
        let text = failure.map { $0.cause ?? $0.message } ?? "made anew from the records"
        services.logger.warning(
            "search index did not fit the records", metadata: [LogKey.tenant: "\(name)", LogKey.error: "\(text)"])
    }
}

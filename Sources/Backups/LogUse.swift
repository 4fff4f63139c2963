import Synchronization

/// Who reads which change log: one that is read is not joined or pruned meanwhile, and the other way round.
final class LogUse: Sendable {
    private struct State {
        var readers: [String: Int] = [:]
        var writing: Set<String> = []
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Runs `body` while the logs of these databases stay as they are; waits for one that is being joined.
    func reading<Value>(_ names: Set<String>, _ body: () async throws -> Value) async throws -> Value {
        while !begin(names) {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    let mustWait = !state.writing.isDisjoint(with: names)
                    if mustWait { state.waiters.append(continuation) }
                    return mustWait
                }
                if !mustWait { continuation.resume() }
            }
        }
        defer { end(names) }
        return try await body()
    }

    /// Nil, and `body` is not run, while somebody reads the log.
    func writing<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value? {
        let isFree = state.withLock { state in
            guard state.readers[name] == nil else { return false }
            return state.writing.insert(name).inserted
        }
        guard isFree else { return nil }
        defer {
            let waiters = state.withLock { state in
                state.writing.remove(name)
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
        return try await body()
    }

    private func begin(_ names: Set<String>) -> Bool {
        state.withLock { state in
            guard state.writing.isDisjoint(with: names) else { return false }
            for name in names { state.readers[name, default: 0] += 1 }
            return true
        }
    }

    private func end(_ names: Set<String>) {
        state.withLock { state in
            for name in names {
                let count = (state.readers[name] ?? 1) - 1
                state.readers[name] = count > 0 ? count : nil
            }
        }
    }
}

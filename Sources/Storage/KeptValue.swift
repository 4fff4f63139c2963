package import GRDB
import Synchronization

/// One value that was worked out from a file, kept as long as the file is open and says the same.
final class KeptValue: Sendable {
    private struct State {
        var value: (any AnyObject & Sendable)?
        /// Rises whenever the value is forgotten: what was read before that is not kept.
        var generation = 0
        /// Set by the transaction under way.
        var endsWithCommit = false
    }

    private let state = Mutex(State())

    var current: (value: (any AnyObject & Sendable)?, generation: Int) { state.withLock { ($0.value, $0.generation) } }

    func keep(_ value: any AnyObject & Sendable, _ generation: Int) {
        state.withLock { if $0.generation == generation { $0.value = value } }
    }

    func forget() {
        state.withLock { state in
            (state.value, state.endsWithCommit) = (nil, false)
            state.generation += 1
        }
    }

    func endWithCommit() { state.withLock { $0.endsWithCommit = true } }

    /// Before anybody hears of the commit.
    func didCommit() { if state.withLock({ $0.endsWithCommit }) { forget() } }
}

extension DatabaseFile {
    /// What `make` worked out from the file: asked again only after the file was closed or replaced, or a write said
    /// that it changes it. Files keep one value each, of one type.
    package func kept<Value: AnyObject & Sendable>(_ make: (Database) throws -> Value) throws -> Value {
        let (known, generation) = keptValue.current
        if let value = known as? Value { return value }
        let value = try read(make)
        keptValue.keep(value, generation)
        return value
    }

    /// Says, inside a write, that it changes what `kept` was made from.
    package func changesKept() { keptValue.endWithCommit() }
}

import ApplianceCore
import Synchronization

/// Work that follows an answer, one piece after the other: what is done, and how long it takes, does not show in the
/// answer.
final class Afterwards: Sendable {
    /// Pieces that may wait.
    private static let limit = 256

    private struct State {
        var last: Task<Void, Never>?
        var waiting = 0
    }

    private let state = Mutex(State())

    /// Throws 503 when too much waits already.
    func run(_ work: @escaping @Sendable () async -> Void) throws {
        try state.withLock { state in
            guard state.waiting < Self.limit else {
                throw DomainError.unavailable("busy", "Too much is asked at this moment.")
            }
            state.waiting += 1
            let before = state.last
            state.last = Task {
                await before?.value
                await work()
                self.state.withLock { $0.waiting -= 1 }
            }
        }
    }

    /// Returns once all that was given before is done.
    func finish() async {
        let last = state.withLock { $0.last }
        await last?.value
    }
}

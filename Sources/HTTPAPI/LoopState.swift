import NIOCore
import Synchronization

/// What the connections of one event loop share. Used on it alone.
final class LoopState {
    let turns: FairTurns
    let memory = AnswerBuffer()

    fileprivate init(_ loop: any EventLoop) { turns = FairTurns(loop) }
}

/// One state for each event loop, made when it is first asked for.
final class LoopStates: Sendable {
    private let states = Mutex<[ObjectIdentifier: NIOLoopBound<LoopState>]>([:])

    /// Call on `loop`.
    func state(of loop: any EventLoop) -> LoopState {
        states.withLock { states in
            if let own = states[ObjectIdentifier(loop)] { return own.value }
            let made = LoopState(loop)
            states[ObjectIdentifier(loop)] = NIOLoopBound(made, eventLoop: loop)
            return made
        }
    }
}

import ApplianceCore
import Synchronization

/// A clock that moves only when told to. Who sleeps on it sleeps until cancelled: jobs run by hand here.
final class TestClock: Sendable {
    private let instant = Mutex(Instant("2026-11-21T02:00:00.250Z") ?? .earliest)

    var now: Instant { instant.withLock { $0 } }

    func advance(_ duration: Duration) { instant.withLock { $0 = $0.adding(duration) } }

    var source: TimeSource {
        TimeSource(
            now: { self.now },
            sleep: { _ in
                let (never, continuation) = AsyncStream.makeStream(of: Never.self)
                for await _ in never {}
                continuation.finish()
                throw CancellationError()
            })
    }
}

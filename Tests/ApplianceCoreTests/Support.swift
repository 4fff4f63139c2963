import ApplianceCore
import Synchronization
import Testing

/// A clock that stands still until it is told the time.
final class TestClock: Sendable {
    private let instant: Mutex<Instant>

    init(_ instant: Instant) { self.instant = Mutex(instant) }

    var source: TimeSource { TimeSource(now: { self.instant.withLock { $0 } }, sleep: { _ in }) }
    func set(_ instant: Instant) { self.instant.withLock { $0 = instant } }
}

/// SplitMix64: the same numbers for the same seed. Tests print the seed, so that a failure can be had again.
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = .random(in: 0...UInt64.max)) {
        (self.seed, state) = (seed, seed)
        print("seed \(seed)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// The instant of a text that is known to be one.
func instant(_ text: String, location: SourceLocation = #_sourceLocation) throws -> Instant {
    try #require(Instant(text), sourceLocation: location)
}

func date(_ text: String, location: SourceLocation = #_sourceLocation) throws -> CivilDate {
    try #require(CivilDate(text), sourceLocation: location)
}

func zone(_ identifier: String, location: SourceLocation = #_sourceLocation) throws -> LocalTime {
    try #require(LocalTime(identifier), sourceLocation: location)
}

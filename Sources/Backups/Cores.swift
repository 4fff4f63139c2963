import ApplianceCore
import CAppliance
import Foundation
import Synchronization

/// As many threads as there are cores, for the long computations of backups. They give way to whoever serves requests,
/// and are none of the threads that Swift runs tasks on: a check of seconds there would keep those from running.
enum Cores {
    private static let count = max(2, ProcessInfo.processInfo.activeProcessorCount)
    private static let threads = Threads(count)

    /// Runs the steps 0..<`count` on as many threads as there are cores; throws the first error in their order. A step
    /// may call it again: its thread then works on those steps itself.
    static func together(_ count: Int, _ step: (Int) throws -> Void) throws {
        var errors = [(any Error)?](repeating: nil, count: count)
        withoutActuallyEscaping(step) { step in
            errors.withUnsafeMutableBufferPointer { errors in
                // Each step writes its own place only, and all have ended when `run` returns.
                let places = errors
                run(
                    Steps(count) { index in
                        do { try step(index) } catch { places[index] = error }
                    })
            }
        }
        if let error = errors.lazy.compactMap({ $0 }).first { throw error }
    }

    /// Runs `body` on one of these threads, and waits for it.
    static func alone<Value>(_ body: () throws -> Value) throws -> Value {
        var value: Value?
        try together(1) { _ in value = try body() }
        guard let value else { throw DomainError.internal("a step did not run") }
        return value
    }

    private static func run(_ steps: Steps) {
        let isOurs = threads.isOneOfThem
        threads.add(steps, helpers: min(steps.count, count) - (isOurs ? 1 : 0))
        if isOurs { steps.work() }
        steps.wait()
    }

    /// Steps that several threads take one after the other.
    private final class Steps: Sendable {
        let count: Int
        /// Set until all steps have ended, and read only by those who do one.
        private nonisolated(unsafe) var body: ((Int) -> Void)?
        private let next = Atomic<Int>(0)
        private let left: Atomic<Int>
        private let end = DispatchSemaphore(value: 0)

        init(_ count: Int, _ body: @escaping (Int) -> Void) {
            (self.count, self.body) = (count, body)
            left = Atomic(count)
        }

        /// Does steps until none is left to begin.
        func work() {
            while case let index = next.add(1, ordering: .relaxed).oldValue, index < count {
                perform(index)
                if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { end.signal() }
            }
        }

        /// A function of its own, so that nobody holds the closure any more once the step counts as done.
        @inline(never)
        private func perform(_ index: Int) { body?(index) }

        /// Returns when all have ended. Who looks into these steps later finds nothing to do.
        func wait() {
            if count > 0 { end.wait() }
            body = nil
        }
    }

    private final class Threads: Sendable {
        private let identities = Mutex<[pthread_t]>([])
        private let waiting = Mutex<[Steps]>([])
        private let work = DispatchSemaphore(value: 0)

        init(_ count: Int) {
            for _ in 0..<count {
                let thread = Thread { [self] in
                    identities.withLock { $0.append(pthread_self()) }
                    cappliance_give_way()
                    while true {
                        work.wait()
                        // The newest first: what a step waits for, before steps that nobody has begun.
                        waiting.withLock { $0.popLast() }?.work()
                    }
                }
                thread.start()
            }
        }

        /// Whether the caller is on one of them.
        var isOneOfThem: Bool { identities.withLock { $0.contains { pthread_equal($0, pthread_self()) != 0 } } }

        func add(_ steps: Steps, helpers: Int) {
            guard helpers > 0 else { return }
            waiting.withLock { $0 += Array(repeating: steps, count: helpers) }
            for _ in 0..<helpers { work.signal() }
        }
    }
}

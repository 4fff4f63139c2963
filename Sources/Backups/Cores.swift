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
    /// may call it again: its thread then works on those steps itself. Whoever of these threads waits for the others'
    /// last steps helps with what those steps are made of.
    static func together(_ count: Int, _ step: (Int) throws -> Void) throws {
        var errors = [(any Error)?](repeating: nil, count: count)
        withoutActuallyEscaping(step) { step in
            errors.withUnsafeMutableBufferPointer { errors in
                // Each step writes its own place only, and all have ended when `run` returns.
                let places = errors
                threads.run(count) { index in
                    do { try step(index) } catch { places[index] = error }
                }
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

    private final class Steps: Sendable {
        let count: Int
        /// 0, or one more than that of the step that waits for them.
        let depth: Int
        /// Set until all steps have ended, and read only by those who do one.
        private nonisolated(unsafe) var body: ((Int) -> Void)?
        private let next = Atomic<Int>(0)
        private let left: Atomic<Int>

        init(_ count: Int, depth: Int, _ body: @escaping (Int) -> Void) {
            (self.count, self.depth, self.body) = (count, depth, body)
            left = Atomic(count)
        }

        /// Does steps until none is left to begin. True when the last to end was one of them.
        func work() -> Bool {
            var isLast = false
            while case let index = next.add(1, ordering: .relaxed).oldValue, index < count {
                perform(index)
                isLast = left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
            }
            return isLast
        }

        /// A function of its own, so that nobody holds the closure any more once the step counts as done.
        @inline(never)
        private func perform(_ index: Int) { body?(index) }

        var areBegun: Bool { next.load(ordering: .relaxed) >= count }
        var haveEnded: Bool { left.load(ordering: .acquiring) == 0 }

        /// Call when they have ended: who looks into them later finds nothing to do.
        func forget() { body = nil }
    }

    private final class Threads: Sendable {
        private let count: Int
        /// Guards what follows, and tells of steps that were added and of steps that have ended.
        private let condition = NSCondition()
        private nonisolated(unsafe) var waiting: [Steps] = []
        /// How deep each of these threads is in steps; -1 when it does none.
        private nonisolated(unsafe) var depths: [pthread_t: Int] = [:]

        init(_ count: Int) {
            self.count = count
            for _ in 0..<count {
                let thread = Thread { [self] in
                    cappliance_give_way()
                    condition.withLock {
                        depths[pthread_self()] = -1
                        while true { help(deeperThan: -1) }
                    }
                }
                thread.start()
            }
        }

        func run(_ count: Int, _ body: @escaping (Int) -> Void) {
            guard count > 0 else { return }
            condition.withLock {
                let depth = depths[pthread_self()]
                let steps = Steps(count, depth: (depth ?? -1) + 1, body)
                waiting.removeAll(where: \.areBegun)
                waiting += Array(repeating: steps, count: min(count, self.count) - (depth == nil ? 0 : 1))
                condition.broadcast()
                if depth != nil { work(steps) }
                while !steps.haveEnded {
                    if depth == nil { condition.wait() } else { help(deeperThan: steps.depth) }
                }
                steps.forget()
            }
        }

        /// The newest first: what a step waits for, before steps that nobody has begun. Only what is deeper, because
        /// what is not may take much longer than the steps that the caller waits for. Waits where there is none. Call
        /// with the lock held.
        private func help(deeperThan depth: Int) {
            guard let index = waiting.lastIndex(where: { $0.depth > depth }) else { return condition.wait() }
            work(waiting.remove(at: index))
        }

        /// Call with the lock held, which it gives back meanwhile.
        private func work(_ steps: Steps) {
            let thread = pthread_self()
            let before = depths.updateValue(steps.depth, forKey: thread)
            condition.unlock()
            let isLast = steps.work()
            condition.lock()
            depths[thread] = before
            if isLast { condition.broadcast() }
        }
    }
}

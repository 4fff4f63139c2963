import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Backups

/// One after the other: a meeting needs two of the threads, and there may be no more.
@Suite(.serialized)
struct CoresTests {
    private struct Failure: Error, Equatable { let step: Int }

    /// Two steps that can only end when both are being done.
    private final class Meeting: Sendable {
        private let arrivals = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]

        func isMet(_ step: Int) -> Bool {
            arrivals[step].signal()
            return arrivals[1 - step].wait(timeout: .now() + 20) == .success
        }
    }

    @Test func `every step is done once, and the first error in their order is thrown`() throws {
        let done = Mutex([Int](repeating: 0, count: 100))
        try Cores.together(100) { step in done.withLock { $0[step] += 1 } }
        #expect(done.withLock { $0 } == [Int](repeating: 1, count: 100))
        #expect(throws: Failure(step: 17)) {
            try Cores.together(100) { step in
                done.withLock { $0[step] += 1 }
                if step % 20 == 17 { throw Failure(step: step) }
            }
        }
        #expect(done.withLock { $0 } == [Int](repeating: 2, count: 100))
        try Cores.together(0) { _ in Issue.record("there is none") }
    }

    @Test func `steps are done beside each other`() throws {
        let meeting = Meeting()
        let met = Mutex(0)
        try Cores.together(2) { step in if meeting.isMet(step) { met.withLock { $0 += 1 } } }
        let inner = Meeting()
        try Cores.alone {
            try Cores.together(2) { step in if inner.isMet(step) { met.withLock { $0 += 1 } } }
        }
        #expect(met.withLock { $0 } == 4)
    }

    @Test func `a thread that waits for a step helps with what that step is made of`() throws {
        let met = Mutex(0)
        try Cores.alone {
            let (caller, begin) = (pthread_self(), Meeting())
            try Cores.together(2) { step in
                // Who called has nothing left to do but to wait.
                guard begin.isMet(step), pthread_equal(pthread_self(), caller) == 0 else { return }
                for _ in 0..<20 {
                    let meeting = Meeting()
                    try Cores.together(2) { step in if meeting.isMet(step) { met.withLock { $0 += 1 } } }
                }
            }
        }
        #expect(met.withLock { $0 } == 40)
    }

    @Test func `steps within steps, for many at once`() async throws {
        try await withThrowingTaskGroup { group in
            for caller in 0..<6 {
                group.addTask {
                    try await withCheckedThrowingContinuation { continuation in
                        DispatchQueue.global().async { continuation.resume(with: Result { try Self.sum(caller) }) }
                    }
                }
            }
            for try await sum in group { #expect(sum == 30 * 10 * 6) }
        }
    }

    private static func sum(_ caller: Int) throws -> Int {
        let sum = Mutex(0)
        try Cores.together(30) { _ in
            try Cores.together(10) { _ in try Cores.together(6) { _ in sum.withLock { $0 += 1 } } }
        }
        return sum.withLock { $0 }
    }
}

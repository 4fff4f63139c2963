import ApplianceCore
import Foundation

/// Shows progress on standard error: a bar on a terminal, a plain line a second otherwise.
final class ProgressBar {
    private static let width = 28
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let isSilent: Bool
    private var lastShown: ContinuousClock.Instant?
    private var isLineOpen = false

    init(silent: Bool = false) { isSilent = silent }

    func show(_ progress: WorkProgress) {
        let now = ContinuousClock.now
        let pause: Duration = isTerminal ? .milliseconds(50) : .seconds(1)
        let isDone = progress.total > 0 && progress.done >= progress.total
        guard !isSilent, isDone && isTerminal || lastShown.map({ $0.duration(to: now) >= pause }) ?? true else {
            return
        }
        lastShown = now
        let share = progress.total > 0 ? min(1, Double(progress.done) / Double(progress.total)) : 0
        let percent = progress.total > 0 ? String(format: "%3.0f %%", share * 100) : ""
        if isTerminal {
            let filled = Int(share * Double(Self.width))
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
            write("\r\u{1B}[K\(bar) \(percent) \(progress.step) \(progress.detail)")
            isLineOpen = true
        } else {
            write("\(progress.step) \(percent) \(progress.detail)\n")
        }
    }

    /// Leaves the terminal's line clean for what comes next.
    func finish() {
        if isLineOpen { write("\r\u{1B}[K") }
        isLineOpen = false
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

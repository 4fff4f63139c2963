import ApplianceCore
import Foundation

/// Shows progress on standard error: a bar on a terminal. Where it is none, as in the log of a nightly job, a line for
/// each step that ended, and one every half minute of a step that takes long.
final class ProgressBar {
    private static let pause = Duration.milliseconds(50)
    private static let longPause = Duration.seconds(30)
    private static let width = 28
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let isSilent: Bool
    private var lastShown = ContinuousClock.now
    private var isLineOpen = false
    /// What the log has not been told of the step under way.
    private var untold: WorkProgress?

    init(silent: Bool = false) { isSilent = silent }

    func show(_ progress: WorkProgress) {
        guard !isSilent else { return }
        if isTerminal { draw(progress) } else { note(progress) }
    }

    /// Leaves the terminal's line clean, or the log complete, for what comes next.
    func finish() {
        if isLineOpen { write("\r\u{1B}[K") }
        isLineOpen = false
        tell()
    }

    // MARK: - On a terminal

    private func draw(_ progress: WorkProgress) {
        let isDone = progress.total > 0 && progress.done >= progress.total
        guard isDone || !isLineOpen || lastShown.duration(to: .now) >= Self.pause else { return }
        lastShown = .now
        let filled = Int(Self.share(progress) * Double(Self.width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        write("\r\u{1B}[K\(bar) \(Self.percent(progress)) \(progress.step) \(progress.detail)")
        isLineOpen = true
    }

    // MARK: - In a log

    private func note(_ progress: WorkProgress) {
        if let untold, untold.step != progress.step { tell() }
        untold = progress
        guard lastShown.duration(to: .now) >= Self.longPause else { return }
        tell()
    }

    private func tell() {
        guard let untold else { return }
        write("\(untold.step) \(Self.percent(untold)) \(untold.detail)\n")
        (self.untold, lastShown) = (nil, .now)
    }

    private static func share(_ progress: WorkProgress) -> Double {
        progress.total > 0 ? min(1, Double(progress.done) / Double(progress.total)) : 0
    }

    private static func percent(_ progress: WorkProgress) -> String {
        progress.total > 0 ? String(format: "%3.0f %%", share(progress) * 100) : ""
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

import Foundation
import Testing

@testable import Tenancy

/// `Lifecycle.md` and its drawing are made from the tables that decide. After a change of those:
/// `UPDATE_DOCS=1 swift test --filter LifecycleDocumentTests`.
struct LifecycleDocumentTests {
    private static let documentation = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/ApplianceServer/Appliance.docc")

    @Test func `the documentation is what the tables say`() throws {
        for (name, text) in [("Lifecycle.md", Self.document), ("Resources/lifecycle.svg", Self.drawing)] {
            let url = Self.documentation.appending(path: name)
            if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
                try Data(text.utf8).write(to: url)
            }
            let written = try String(contentsOf: url, encoding: .utf8)
            #expect(written == text, "\(name) is out of date")
        }
    }

    private static func names(_ statuses: Set<Tenant.Status>) -> String {
        Tenant.Status.allCases.filter(statuses.contains).map(\.words).joined(separator: ", ")
    }

    private static var document: String {
        let rights = Tenant.Status.allCases.map { status in
            let rights = status.rights
            return "| \(status.words) | \(rights.readers.rawValue) | \(rights.isWritable ? "yes" : "no") | "
                + "\(rights.isPublic ? "yes" : "no") | \(rights.isAnnounced ? "yes" : "no") |"
        }
        let moves = TenantMove.table.map { move in
            "| \(move.name.rawValue) | \(names(move.from)) | \(names(move.to)) | \(move.maker.rawValue) | "
                + "\(move.needsReason ? "yes" : "no") | \(move.text) |"
        }
        let rules = LifecycleRules.standard
        return """
            # The life of a shop

            Which states a shop has, what it may still do in each, and how it comes from one to another. This page is
            made from `TenantRights` and `TenantMove`; a test compares them.

            What holds is a function of the stored dates and of now. A job writes down what the clock has done and sends
            mail; no request waits for it. Behind the end of a trial or a paid period come \(rules.graceDays) days of
            grace, \(rules.suspendedDays) read-only days and \(rules.keptDays) days for owners only, all of them whole
            days of the shop's calendar. The clock deletes nothing: from then on an operator may.

            ![The states and moves](lifecycle)

            ## What each state may still do

            | state | signs in, reads, exports | changes | public files | banner |
            | --- | --- | --- | --- | --- |
            \(rights.joined(separator: "\n"))

            ## The legal moves

            | move | from | to | by | needs a reason | |
            | --- | --- | --- | --- | --- | --- |
            \(moves.joined(separator: "\n"))

            """
    }

    /// The states in a row; above it the clock's moves, below it those of people.
    private static var drawing: String {
        let statuses = Tenant.Status.allCases
        func x(_ status: Tenant.Status) -> Int { 70 + 150 * (statuses.firstIndex(of: status) ?? 0) }
        var parts: [String] = []
        var levels = (above: 0, below: 0)
        for move in TenantMove.table where move.name != .create {
            for to in statuses where move.to.contains(to) {
                let from = statuses.filter { move.from.contains($0) && $0 != to }
                guard !from.isEmpty else { continue }
                let isClock = move.maker == .clock
                let level = isClock ? levels.above : levels.below
                if isClock { levels.above += 1 } else { levels.below += 1 }
                let (edge, line) = isClock ? (180, 160 - 22 * level) : (220, 240 + 22 * level)
                let all = from.map(x) + [x(to)]
                let (left, right) = (all.min() ?? 0, all.max() ?? 0)
                parts.append("<path d=\"M\(left) \(line)H\(right)\"/>")
                for status in from { parts.append("<path d=\"M\(x(status)) \(edge)V\(line)\"/>") }
                parts.append("<path d=\"M\(x(to)) \(line)V\(edge)\" marker-end=\"url(#end)\"/>")
                parts.append(
                    "<text class=\"move\" x=\"\((left + right) / 2)\" y=\"\(line - 3)\">\(move.name.rawValue)</text>")
            }
        }
        for status in statuses {
            parts.append("<rect x=\"\(x(status) - 60)\" y=\"180\" width=\"120\" height=\"40\" rx=\"8\"/>")
            parts.append("<text x=\"\(x(status))\" y=\"205\">\(status.words)</text>")
        }
        let height = 260 + 22 * levels.below
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1040 \(height)" font-family="sans-serif" font-size="14">
            <title>States of a shop: above the clock's moves, below those of people</title>
            <defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
            <path d="M0 0L8 4L0 8z" fill="#555" stroke="none"/></marker></defs>
            <rect width="1040" height="\(height)" fill="#fff"/>
            <style>path{fill:none;stroke:#555}rect+rect,rect{stroke:#555}text{text-anchor:middle}
            rect{fill:#e0f1ed}.move{font-size:11px}</style>
            \(parts.joined(separator: "\n"))
            </svg>

            """
    }
}

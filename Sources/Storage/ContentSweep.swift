package import ApplianceCore
package import Foundation
import Synchronization

/// Removes contents that no row names, once no restore can bring such a row back: a window after they were first seen
/// to be unnamed.
///
/// `unused.json` in the folder says since when. It is no part of the database on purpose: a restore must not turn it
/// back. A restore leaves it behind instead, and every content begins its window anew.
package struct ContentSweep: Sendable {
    private struct Unused: Codable {
        let since: Instant
        /// Tells a content that was uploaded again meanwhile.
        let stamp: String
    }

    static let list = "unused.json"
    private static let listBytes = 64 << 20

    private let folder: ContentFolder
    private let pins: ContentPins

    package init(_ folder: ContentFolder, pins: ContentPins = ContentPins()) {
        (self.folder, self.pins) = (folder, pins)
    }

    /// `named` are the contents that rows name now. How many were removed.
    @discardableResult
    package func run(named: Set<String>, window: Duration, now: Instant) throws -> Int {
        guard FileSystem.exists(folder.url) else { return 0 }
        let before = read()
        var after: [String: Unused] = [:]
        var removed = 0
        for name in try folder.names() where !named.contains(name) {
            let stamp = Self.stamp(folder.url(name))
            guard let known = before[name], known.stamp == stamp else {
                after[name] = Unused(since: now, stamp: stamp)
                continue
            }
            if now.since(known.since) > window, try remove(name, stamp) {
                removed += 1
            } else {
                after[name] = known
            }
        }
        if !after.isEmpty || !before.isEmpty { try write(after) }
        return removed
    }

    /// Unless somebody uploads the same at this moment.
    private func remove(_ name: String, _ stamp: String) throws -> Bool {
        try pins.unlessPinned(folder.url(name)) {
            guard Self.stamp(folder.url(name)) == stamp else { return false }
            try FileSystem.remove(folder.url(name))
            return true
        }
    }

    private static func stamp(_ url: URL) -> String {
        guard let status = FileSystem.status(url) else { return "" }
        return "\(status.st_ino).\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }

    private var listURL: URL { folder.url.appending(path: Self.list) }

    /// A list that cannot be read is none: everything begins its window anew.
    private func read() -> [String: Unused] {
        guard let bytes = try? FileReader.contents(listURL, limit: Self.listBytes) else { return [:] }
        return (try? JSONDecoder().decode([String: Unused].self, from: Data(bytes))) ?? [:]
    }

    private func write(_ unused: [String: Unused]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try AtomicFile.publish(Array(encoder.encode(unused)), to: listURL)
    }
}

/// Contents between their publication and the commit of the row that names them.
package final class ContentPins: Sendable {
    private let pinned = Mutex<[URL: Int]>([:])

    package init() {}

    /// Pinned from here until `unpin`.
    package func pin(_ url: URL) { pinned.withLock { $0[url, default: 0] += 1 } }

    package func unpin(_ url: URL) {
        pinned.withLock { pinned in
            let count = (pinned[url] ?? 1) - 1
            pinned[url] = count > 0 ? count : nil
        }
    }

    /// Runs `body` while nobody can pin; false when somebody has.
    func unlessPinned(_ url: URL, _ body: () throws -> Bool) throws -> Bool {
        try pinned.withLock { pinned in
            guard pinned[url] == nil else { return false }
            return try body()
        }
    }
}

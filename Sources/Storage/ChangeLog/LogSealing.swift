import ApplianceCore
package import Foundation

/// Brings the seals of a whole change log up to the key that seals now.
///
/// In a data folder that never did this, or whose `master.key` was lost, what no key of ours has sealed is taken at its
/// word, once. From then on a file without a right seal is refused. After a rotation those whose seal is right get one
/// of the new key, and others stay as they are.
package struct LogSealing: Sendable {
    private let root: URL
    private let seals: LogSeals
    private let mark: URL

    /// `root` is the backups folder; `mark` remembers which key did it last.
    package init(root: URL, seals: LogSeals, mark: URL) { (self.root, self.seals, self.mark) = (root, seals, mark) }

    /// How many files got a seal; nil when the key that seals now has done it before, unless `again`. Reads the heads
    /// of what it takes at its word, and of others the seals only.
    package func settle(again: Bool = false) throws -> Int? {
        let last = (try? FileReader.contents(mark, limit: 1024)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard last != seals.id || again else { return nil }
        let isFirst = !seals.ids.contains(last)
        var count = 0
        for name in try LogFolder.names(root: root) {
            for epoch in try LogFolder(root: root, name: name).epochs() { count += try settle(epoch, isFirst) }
        }
        try AtomicFile.publish(Array(seals.id.utf8), to: mark)
        return count
    }

    private func settle(_ epoch: LogFolder.Epoch, _ isFirst: Bool) throws -> Int {
        let older = OlderSeals.read(epoch.url)
        var lines: [String: LogSeal] = [:]
        var count = 0
        for entry in epoch.entries {
            let (name, place) = (entry.url.lastPathComponent, LogFolder.place(entry.url))
            // One that was joined with others meanwhile, or cannot be read, is nobody's.
            guard let reader = try? LogReader(entry, nil) else { continue }
            let known = [reader.seal, older[name]].compactMap { $0 }
            if let own = reader.seal, seals.isCurrent(own, at: place) { continue }
            if let line = older[name], seals.isCurrent(line, at: place) {
                lines[name] = line
            } else if let right = known.first(where: { seals.isRight($0, at: place) }) {
                lines[name] = try seals.seal(heads: right.heads, at: place)
                count += 1
            } else if isFirst, !known.contains(where: seals.knows), let heads = try? reader.heads() {
                lines[name] = try seals.seal(heads: heads, at: place)
                count += 1
            } else {
                lines[name] = older[name]
            }
        }
        guard lines != older else { return 0 }
        do {
            try AtomicFile.publish(OlderSeals.encoded(lines), to: epoch.url.appending(path: OlderSeals.name))
        } catch  where !FileSystem.exists(epoch.url) {
            // Removed meanwhile, as older than the window.
            return 0
        }
        return count
    }
}

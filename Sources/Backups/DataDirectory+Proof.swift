import ApplianceCore
import Foundation
import Storage

extension DataDirectory {
    /// A folder of its own for one piece of work, gone afterwards however the work ends.
    func withScratchFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
        let folder = scratchURL()
        try FileSystem.makeFolder(folder)
        defer { try? FileSystem.remove(folder) }
        return try body(folder)
    }

    /// The proof of a stored file: really restored into a scratch folder, compared, and checked by SQLite and by the
    /// rules of its modules. Throws `FileFault`.
    func prove(_ entry: Manifest.File, in snapshot: URL, schema: DatabaseSchema) throws {
        try withScratchFolder { folder in
            let plain = folder.appending(path: "proof.sqlite")
            try StoredFile.extract(entry, from: snapshot, to: plain)
            try DatabaseFacts(entry).check(plain, schema: schema, tenant: entry.tenant?.id)
        }
    }
}

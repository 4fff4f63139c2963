package import Foundation
package import GRDB

extension DatabaseFile {
    /// Changes a file that nobody else has open, in one transaction. It is complete in itself and on disk before and
    /// after, without a WAL. Blocks.
    package static func changeAlone<Value>(_ url: URL, _ body: (Database) throws -> Value) throws -> Value {
        let queue = try DatabaseQueue(path: url.path)
        defer { try? queue.close() }
        let value = try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA secure_delete = ON")
            try db.execute(sql: "BEGIN IMMEDIATE")
            let value = try body(db)
            try db.execute(sql: "COMMIT")
            _ = try db.checkpoint(.truncate)
            return value
        }
        try queue.close()
        try FileSystem.syncFile(url)
        try FileSystem.syncFolder(url.deletingLastPathComponent())
        return value
    }
}

import ApplianceCore
package import Foundation
package import GRDB

extension DatabaseFile {
    /// Changes a file that nobody else has open, in one transaction. It is complete in itself and on disk before and
    /// after, without a WAL; as it was, when `body` throws. Blocks.
    package static func changeAlone<Value>(_ url: URL, _ body: (Database) throws -> Value) throws -> Value {
        let queue = try DatabaseQueue(path: url.path)
        defer { try? queue.close() }
        let value = try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA secure_delete = ON")
            var value: Value?
            try db.inTransaction(.immediate) {
                value = try body(db)
                return .commit
            }
            _ = try db.checkpoint(.truncate)
            guard let value else { throw DomainError.internal("no value") }
            return value
        }
        try queue.close()
        try FileSystem.syncFile(url)
        try FileSystem.syncFolder(url.deletingLastPathComponent())
        return value
    }
}

import ApplianceCore
import Books
import CollectionKit
import Foundation
import GRDB
import Logging
import Shop
import Storage
import Testing

/// One field of each type, and each rule at least once.
let things = Collection(
    "things", idPrefix: "thg", title: "Thing",
    fields: [
        .text("name", max: 20).required().searchable(),
        .longText("story", max: 50).searchable(),
        .email("email"),
        .phone("phone"),
        .text("code", max: 5, format: .code).unique(),
        .integer("units", in: -1000...1000),
        .integer("rank", in: 1...9).required().default(5),
        .money("price"),
        .money("balance", allowsNegative: true),
        .currency(),
        .boolean("isOpen"),
        .date("day"),
        .instant("moment"),
        .choice("size", "small", "large").default("small"),
        .reference("parentId", to: "things"),
        .text("serial", max: 10).unique().immutable(),
    ],
    indexes: [["units"]])

/// A real file with the collections of real modules, a fixed instant and a person who works there. A suite keeps it as
/// a property, which lives as long as the test. (Not as a closure around the test: Swift 6.3.1 runs the wrong one of two
/// closures when one stands inside `#expect(…)` and both inside another closure.)
final class TestShop: Sendable {
    static let now = Instant("2026-11-21T02:00:00.250Z") ?? .earliest

    let folder: URL
    let file: DatabaseFile
    let catalog: CollectionCatalog
    let context: RecordContext
    private let services: StorageServices

    init(_ collections: [CollectionKit.Collection] = [things, customers, transactions, products]) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "collections-\(Random.token(bytes: 9))")
        try FileSystem.makeFolder(folder)
        services = StorageServices(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        catalog = CollectionCatalog([(nil, collections)])
        let schema = Self.schema(collections)
        try DatabaseFile.create(folder.appending(path: "shop.sqlite"), schema: schema)
        file = DatabaseFile(folder.appending(path: "shop.sqlite"), name: "shop", schema: schema, services: services)
        let time = TimeSource(now: { Self.now }, sleep: { _ in })
        context = RecordContext(
            now: Self.now, ids: IdentifierSource(time: time), actor: Actor(.user, "usr_asha"), requestID: "req_1",
            currency: "INR", timeZone: try #require(LocalTime("Asia/Kolkata")),
            // What the real one does is Tenancy's: here is to be seen that it is asked, and for which place.
            sealer: SecretSealer(seal: { "sealed(\($1):\($0))" }, open: { sealed, _ in sealed }))
    }

    static func schema(_ collections: [CollectionKit.Collection]) -> DatabaseSchema {
        DatabaseSchema(
            applicationID: 71,
            migrations: [
                .init("collections", CollectionSchema.baseSQL + CollectionSchema.secondSQL),
                .init("audit", AuditTrail.baseSQL + AuditTrail.secondSQL), .init("files", UploadedFile.baseSQL),
                .init(
                    "users",
                    "CREATE TABLE users (id TEXT PRIMARY KEY NOT NULL) STRICT; INSERT INTO users VALUES ('usr_asha')"),
                .init("search", SearchIndex.baseSQL),
            ],
            synchronize: CollectionSchema.synchronizer(collections),
            prepareWriter: { try SearchIndex.watch($0, collections) },
            beforeCommit: { try SearchIndex.update($0, $1, catalog: CollectionCatalog([(nil, collections)])) },
            renew: { try SearchIndex.renew($0, collections) }, recognizes: SearchIndex.isOurs)
    }

    /// The same file under other declarations, as after an update of the program.
    func reopened(_ collections: [CollectionKit.Collection]) async -> DatabaseFile {
        while !file.closeIfQuiet() { await Task.yield() }
        return DatabaseFile(file.url, name: "shop", schema: Self.schema(collections), services: services)
    }

    deinit {
        try? FileSystem.remove(folder)
        Task { [services] in try await services.shutdown() }
    }
}

extension TestShop {
    @discardableResult
    func create(_ collection: CollectionKit.Collection, _ body: JSON) async throws -> JSON {
        try await file.write { [context] in try Records(collection).create($0, body, context) }.value
    }

    @discardableResult
    func patch(
        _ collection: CollectionKit.Collection, _ id: String, _ body: JSON, ifVersion: Int64? = nil
    ) async throws -> JSON {
        try await file.write { [context] in
            try Records(collection).patch($0, id: id, body, ifVersion: ifVersion, context)
        }.value
    }

    func delete(_ collection: CollectionKit.Collection, _ id: String, ifVersion: Int64? = nil) async throws {
        try await file.write { [context] in try Records(collection).delete($0, id: id, ifVersion: ifVersion, context) }
    }

    /// As before each search.
    func index() async throws {
        try await file.write { [catalog] db in
            for index in catalog.collections.compactMap(\.search) { try index.catchUp(db) }
        }
    }

    func get(_ collection: CollectionKit.Collection, _ id: String) throws -> JSON {
        try file.read { try Records(collection).get($0, id: id) }.value
    }

    /// The answer to a list request with these query parameters.
    func list(_ collection: CollectionKit.Collection, _ parameters: KeyValuePairs<String, String> = [:]) throws -> JSON
    {
        let query = try ListQuery(collection, parameters: parameters.map { ($0.key, $0.value) })
        return try JSONParser.parse(try file.read { try query.page($0).json })
    }

    /// One member of each record of a list.
    func column(
        _ name: String, of collection: CollectionKit.Collection, _ parameters: KeyValuePairs<String, String> = [:]
    ) throws -> [JSON] {
        try list(collection, parameters)["items"]?.arrayValue?.map { $0[name] ?? "absent" } ?? []
    }

    func count(_ table: String) throws -> Int {
        try file.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") } ?? 0
    }
}

extension RecordImport {
    /// With every right.
    init(
        _ collection: CollectionKit.Collection, _ catalog: CollectionCatalog, _ options: ImportOptions,
        _ context: RecordContext
    ) throws {
        try self.init(
            CollectionView(collection), { name in catalog[name].map { CollectionView($0) } }, options, context)
    }
}

extension RecordBytes {
    var value: JSON { get throws { try JSONParser.parse(json) } }
}

extension JSON {
    var id: String { get throws { try #require(self["id"]?.stringValue) } }
}

/// The error of an operation that must be refused.
func refusal(_ body: () async throws -> Void) async -> DomainError? {
    do {
        try await body()
        return nil
    } catch {
        return DomainError(any: error)
    }
}

extension DomainError {
    /// `field code` of each fault, in their order.
    var faultList: [String] { faults.map { "\($0.field) \($0.code)" } }
}

/// SplitMix64: the same numbers for the same seed. Tests print the seed, so that a failure can be had again.
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = .random(in: 0...UInt64.max)) {
        (self.seed, state) = (seed, seed)
        print("seed \(seed)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

import ApplianceCore
import Foundation
import GRDB
import Storage
import Testing

@testable import Backups

struct TenantPackageTests {
    private static let logo = "files/\(Digest.of(Array("logo".utf8)))"

    /// Runs `body` with a package of a shop that has one uploaded file.
    private func withPackage(_ body: (TestAppliance, TenantPackage, URL) throws -> Void) async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.upload("logo", to: "acme")
            let package = TenantPackage(appliance.environment)
            let tenant = try #require(try await appliance.environment.source.tenants().first)
            let target = appliance.root.appending(path: "out")
            _ = try package.write(tenant, to: target) { db in
                try db.execute(sql: "INSERT INTO notes (text) VALUES ('cleaned')")
            }
            try body(appliance, package, target)
        }
    }

    private func read(_ appliance: TestAppliance, _ package: TenantPackage, _ folder: URL) throws
        -> TenantPackage.Contents
    {
        let staged = appliance.root.appending(path: "staged-\(Random.token(bytes: 6))")
        return try package.read(folder, to: staged, schema: TestAppliance.tenantSchema)
    }

    @Test func `a package opens with standard tools and reads back`() async throws {
        try await withPackage { appliance, package, folder in
            #expect(try notes(at: folder.appending(path: "tenant.sqlite")) == ["first of acme", "cleaned"])
            let sums = Process()
            sums.executableURL = URL(filePath: "/usr/bin/sha256sum")
            sums.arguments = ["-c", "--quiet", "SHA256SUMS"]
            sums.currentDirectoryURL = folder
            try sums.run()
            sums.waitUntilExit()
            #expect(sums.terminationStatus == 0)
            let page = String(decoding: try contents(folder.appending(path: "index.html")), as: UTF8.self)
            #expect(page.contains("Shop acme") && page.contains("href=\"\(Self.logo)\""))
            let back = try read(appliance, package, folder)
            #expect(back.files.map(\.path) == ["tenant.sqlite", Self.logo])
            #expect(back.tenant.slug == "acme" && back.rows == ["notes": 2, "owner": 1, "files": 1])
        }
    }

    @Test func `what is not as it was written is refused and named`() async throws {
        try await withPackage { appliance, package, folder in
            let database = folder.appending(path: "tenant.sqlite")
            let good = try contents(database)
            var flipped = good
            flipped[good.count / 2] ^= 1
            for bad in [flipped, Array(good.dropLast(4096)), good + [0]] {
                try overwrite(database, bad)
                let error = try refused { _ = try read(appliance, package, folder) }
                #expect(error?.code == "package_damaged" && error?.message.hasPrefix("tenant.sqlite ") == true)
            }
            try overwrite(database, good)
            let upload = folder.appending(path: Self.logo)
            #expect(unlink(upload.path) == 0 && symlink("/etc/passwd", upload.path) == 0)
            let link = try refused { _ = try read(appliance, package, folder) }
            #expect(link?.code == "package_damaged")
            #expect(unlink(upload.path) == 0)
            try AtomicFile.publish(Array("logo".utf8), to: upload)
            _ = try read(appliance, package, folder)
            try AtomicFile.publish([1], to: folder.appending(path: "files/stranger"))
            let stranger = try refused { _ = try read(appliance, package, folder) }
            #expect(stranger?.message == "files/stranger of the package is damaged: it is not in the manifest.")
        }
    }

    @Test(arguments: [
        "../x", "/etc/passwd", "files/../../x", "files//x", "files/./x", "files", "files/a\u{1}", "tenant.sqlite-wal",
        "files/a\\b", "manifest.json",
    ])
    func `a path that leaves the package is no path of it`(path: String) {
        #expect(!TenantPackage.isSafe(path))
    }

    @Test func `an existing folder is not written over`() async throws {
        try await withPackage { appliance, package, folder in
            let before = names(in: folder)
            let tenant = BackupTenant(
                id: TestAppliance.id("acme"), slug: "acme", name: "", record: "", file: appliance.file("acme"))
            let error = try refused { _ = try package.write(tenant, to: folder) { _ in } }
            let leftovers = names(in: appliance.root).filter { $0.hasPrefix(".out") }
            #expect(error?.code == "target_exists" && names(in: folder) == before && leftovers.isEmpty)
        }
    }

    private func refused(_ body: () throws -> Void) throws -> DomainError? {
        do {
            try body()
            return nil
        } catch let error as DomainError {
            return error
        }
    }
}

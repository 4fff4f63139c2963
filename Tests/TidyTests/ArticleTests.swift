import Foundation
import Testing

/// What an article shows as code has to be code that compiles.
@Suite struct ArticleTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test func `the declarations of Collections stand word for word in the tests`() throws {
        let article = try Self.text("Sources/ApplianceServer/Appliance.docc/Collections.md")
        let code = try Self.text("Tests/CollectionKitTests/FourBusinesses.swift")
        let blocks = article.components(separatedBy: "```swift\n").dropFirst().map {
            $0.components(separatedBy: "\n```").first ?? ""
        }
        #expect(blocks.count == 4)
        for block in blocks { #expect(code.contains(block), "\(block.prefix(80))…") }
    }
}

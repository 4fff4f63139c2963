/// A licence key for people to type: `APL-XXXX-XXXX-XXXX-XXXX`, 80 random bits in an alphabet without 0, O, 1 and I
/// (`facts/licensing.md`, key format).
package enum LicenseKey {
    private static let alphabet = Array("23456789ABCDEFGHJKLMNPQRSTUVWXYZ")

    package static func generate() -> String {
        var generator = SystemRandomNumberGenerator()
        let groups = (0..<4).map { _ in
            String((0..<4).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] })
        }
        return (["APL"] + groups).joined(separator: "-")
    }
}

/// What a password must be, by NIST SP 800-63B-4: long rather than odd. No composition rules, no expiry.
package enum PasswordRules {
    /// Characters (code points), where the password is the only factor.
    package static let minimumLength = 15
    package static let maximumLength = 256

    package static func fault(_ password: String, not names: [String]) -> (code: String, message: String)? {
        let count = password.precomposed.unicodeScalars.count
        if count < minimumLength { return ("too_short", "At least \(minimumLength) characters; a sentence is fine.") }
        if count > maximumLength { return ("too_long", "At most \(maximumLength) characters.") }
        if password.utf8.contains(0) { return ("control_characters", "Control characters are not allowed.") }
        let lower = password.lowercased()
        if Set(lower).count < 5 || isSequence(lower) { return ("too_common", "Too easy to guess.") }
        if names.contains(where: { $0.count >= 4 && lower == $0.lowercased() }) {
            return ("too_common", "It must not be a name or an address of the account.")
        }
        return nil
    }

    /// `123456789012345`, `abcdefghijklmnop`.
    private static func isSequence(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let steps = zip(bytes, bytes.dropFirst()).count { Int($1) - Int($0) == 1 || ($0 == 0x39 && $1 == 0x30) }
        return steps >= bytes.count - 2
    }
}

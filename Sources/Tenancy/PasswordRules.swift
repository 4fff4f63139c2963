import Foundation

/// What a password must be, by NIST SP 800-63B-4: long rather than odd. No composition rules, no expiry.
package enum PasswordRules {
    /// Characters (code points), where the password is the only factor.
    package static let minimumLength = 15
    package static let maximumLength = 256

    /// Beside a second factor.
    package static let shortMinimumLength = 8

    package static func fault(
        _ password: String, not names: [String], hasSecondFactor: Bool = false
    ) -> (code: String, message: String)? {
        let count = password.precomposed.unicodeScalars.count
        let minimum = hasSecondFactor ? shortMinimumLength : minimumLength
        if count < minimum { return ("too_short", "At least \(minimum) characters; a sentence is fine.") }
        if count > maximumLength { return ("too_long", "At most \(maximumLength) characters.") }
        if password.utf8.contains(0) { return ("control_characters", "Control characters are not allowed.") }
        let lower = password.lowercased()
        if Set(lower).count < 5 || isSequence(lower) || isCommon(lower) { return ("too_common", "Too easy to guess.") }
        if names.contains(where: { $0.count >= 4 && lower == $0.lowercased() }) {
            return ("too_common", "It must not be a name or an address of the account.")
        }
        return nil
    }

    /// A word of the list, perhaps more than once, with digits and signs around: `password2026!`, `qwertyqwerty`.
    private static func isCommon(_ text: String) -> Bool {
        let core = text.replacing("0", with: "o").replacing("@", with: "a").replacing("$", with: "s")
        return [text, core].contains { text in
            let letters = text.trimmingCharacters(in: CharacterSet.letters.inverted)
            return common.contains(text) || common.contains(letters)
                || common.contains { $0.count >= 6 && letters.replacing($0, with: "").isEmpty && !letters.isEmpty }
        }
    }

    /// The words that lead published lists of breached passwords, in lower case.
    private static let common: Set<String> = [
        "password", "passw", "passwort", "passwordpassword", "qwerty", "qwertyuiop", "qwertzuiop", "asdfghjkl",
        "asdfgh", "zxcvbnm", "iloveyou", "princess", "sunshine", "football", "baseball", "basketball", "welcome",
        "letmein", "monkey", "dragon", "master", "superman", "batman", "trustno", "michael", "jennifer", "charlie",
        "jordan", "shadow", "whatever", "starwars", "computer", "internet", "changeme", "changeit", "secret",
        "default", "administrator", "admin", "operator", "appliance", "q1w2e3r4t5y6", "1q2w3e4r5t6y", "1qaz2wsx3edc",
        "1q2w3e4r", "1qaz2wsx", "qwe123qwe123", "abc123abc123", "krishna", "ganesh", "jaimatadi", "bismillah",
        "liverpool", "chocolate", "samsung", "pokemon", "cheese", "correcthorsebatterystaple", "summer", "winter",
        "spring", "autumn", "monday", "friday",
    ]

    /// `123456789012345`, `abcdefghijklmnop`.
    private static func isSequence(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let steps = zip(bytes, bytes.dropFirst()).count { Int($1) - Int($0) == 1 || ($0 == 0x39 && $1 == 0x30) }
        return steps >= bytes.count - 2
    }
}

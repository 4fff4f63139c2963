import ApplianceCore
import HTTPTypes
import Hummingbird

/// The `Host` of a request: exactly one, and well formed. What it means is for `RequestHost`.
enum HostName {
    /// RFC 9112 §3.2: a request without Host, or with two, is answered 400.
    static func check(_ request: Request) throws {
        guard request.head.headerFields[.host] == nil, let authority = request.head.authority, isWellFormed(authority)
        else {
            throw DomainError.malformed("host_malformed", "The request needs exactly one well-formed Host.")
        }
    }

    /// Letters, digits, dots, dashes and underscores, or an address in brackets; then perhaps a port. Looks at bytes,
    /// on every request.
    private static func isWellFormed(_ authority: String) -> Bool {
        let bytes = authority.utf8
        guard !bytes.isEmpty, bytes.count <= 260 else { return false }
        let isAddress = bytes.first == UInt8(ascii: "[")
        var previous: UInt8 = 0
        // -1 until the colon in front of the port.
        var digits = -1
        var port = 0
        for byte in bytes {
            if digits >= 0 {
                guard byte.isASCIIDigit else { return false }
                digits += 1
                port = digits > 5 ? 0 : port * 10 + Int(byte - UInt8(ascii: "0"))
            } else if byte == UInt8(ascii: ":"), !isAddress || previous == UInt8(ascii: "]") {
                guard previous != 0 else { return false }
                digits = 0
            } else {
                guard isAddress ? isAddressByte(byte) : isNameByte(byte), previous != UInt8(ascii: "]"),
                    byte != UInt8(ascii: ".") || (previous != byte && previous != 0)
                else { return false }
            }
            previous = byte
        }
        if isAddress, digits < 0, previous != UInt8(ascii: "]") { return false }
        return digits < 0 || (1...65_535).contains(port)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || (0x61...0x7A).contains(byte | 0x20) || "-._".utf8.contains(byte)
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || (0x61...0x66).contains(byte | 0x20) || ":.[]".utf8.contains(byte)
    }

    private static func split(_ authority: String) -> (host: Substring, port: Substring?) {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return (authority[...], nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    /// The host as names are compared: lower-case, without a port and a last dot.
    static func host(of authority: String) -> String {
        var host = split(authority).host.lowercased()
        if host.hasSuffix(".") { host.removeLast() }
        return host
    }

    /// An IPv4 or IPv6 address rather than a name.
    static func isAddress(_ host: String) -> Bool {
        host.hasPrefix("[") || host.utf8.allSatisfy { $0.isASCIIDigit || $0 == UInt8(ascii: ".") }
    }
}

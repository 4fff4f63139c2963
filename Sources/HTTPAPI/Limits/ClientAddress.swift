import Foundation
package import HTTPTypes

/// An IPv4 or IPv6 address as 16 bytes; IPv4 in its IPv6 form (RFC 4291 §2.5.5.2).
package struct NetworkAddress: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    private static let mapped: UInt64 = 0xFFFF_0000_0000

    /// Nil for what is no address. Takes `203.0.113.7`, `2001:db8::1`, and both with a port as proxies write them.
    package init?(_ text: String) {
        var text = text
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            text = String(text[text.index(after: text.startIndex)..<end])
        } else if text.contains("."), let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            text = String(text[..<colon])
        }
        // The longest form is that of IPv4 in IPv6.
        guard text.utf8.count <= 45 else { return nil }
        var (short, long) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, text, &short) == 1 {
            (high, low) = (0, Self.mapped | UInt64(UInt32(bigEndian: short.s_addr)))
        } else if inet_pton(AF_INET6, text, &long) == 1 {
            (high, low) = withUnsafeBytes(of: long) { bytes in
                func number(_ part: UnsafeRawBufferPointer.SubSequence) -> UInt64 {
                    part.reduce(0) { $0 << 8 | UInt64($1) }
                }
                return (number(bytes.prefix(8)), number(bytes.dropFirst(8).prefix(8)))
            }
        } else {
            return nil
        }
    }

    var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// What limits count by: an IPv4 address, or the /64 that one customer of a provider has to himself.
    package var key: String { isIPv4 ? "4:\(low & 0xFFFF_FFFF)" : "6:\(high)" }

    /// Whether the first `bits` of 128 are the same.
    func shares(_ bits: Int, with other: NetworkAddress) -> Bool {
        func same(_ a: UInt64, _ b: UInt64, _ bits: Int) -> Bool {
            bits <= 0 || (a ^ b) >> UInt64(64 - min(bits, 64)) == 0
        }
        return same(high, other.high, bits) && same(low, other.low, bits - 64)
    }
}

/// The proxies whose word about a client's address is taken, and in which header they give it. From anybody else a
/// header would be a way around every limit by address.
package struct TrustedProxies: Sendable {
    package enum Header: String, CaseIterable, Sendable {
        case forwardedFor = "x-forwarded-for"
        /// RFC 7239.
        case forwarded
    }

    private enum Limit {
        /// Bytes of the header, and addresses looked at.
        static let header = 4096
        static let hops = 50
    }

    private let ranges: [(address: NetworkAddress, bits: Int)]
    private let header: Header

    package static let none = TrustedProxies(ranges: [], header: .forwardedFor)

    private init(ranges: [(address: NetworkAddress, bits: Int)], header: Header) {
        (self.ranges, self.header) = (ranges, header)
    }

    /// Addresses and ranges with commas between, such as `10.0.0.0/8, 2001:db8::/32`. Nil when one is none.
    package init?(_ text: String, header: Header = .forwardedFor) {
        var ranges: [(address: NetworkAddress, bits: Int)] = []
        for part in text.split(separator: ",") {
            let halves = part.filter { $0 != " " }.split(separator: "/", omittingEmptySubsequences: false)
            guard let first = halves.first, let address = NetworkAddress(String(first)), halves.count <= 2 else {
                return nil
            }
            let (length, offset) = address.isIPv4 ? (32, 96) : (128, 0)
            guard let bits = halves.count == 2 ? Int(halves[1]) : length, (0...length).contains(bits) else {
                return nil
            }
            ranges.append((address, bits + offset))
        }
        self.init(ranges: ranges, header: header)
    }

    private func trusts(_ address: NetworkAddress) -> Bool {
        ranges.contains { address.shares($0.bits, with: $0.address) }
    }

    /// Where a request comes from: its peer, or what trusted proxies say was theirs, the nearest first. What cannot be
    /// read as an address ends the search.
    package func client(peer: String, _ fields: HTTPFields) -> String {
        guard !ranges.isEmpty, let nearest = NetworkAddress(peer), trusts(nearest) else { return peer }
        var client = peer
        for hop in hops(fields).suffix(Limit.hops).reversed() {
            guard let address = NetworkAddress(hop) else { return client }
            client = hop
            if !trusts(address) { return client }
        }
        return client
    }

    private func hops(_ fields: HTTPFields) -> [String] {
        let name: HTTPField.Name = header == .forwarded ? .forwarded : .xForwardedFor
        let text = fields[values: name].joined(separator: ",")
        guard text.utf8.count <= Limit.header else { return [] }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
        guard header == .forwarded else { return parts }
        return parts.map { part in
            let pair = part.split(separator: ";").first { $0.lowercased().hasPrefix("for=") } ?? ""
            return String(pair.dropFirst(4).filter { $0 != "\"" })
        }
    }
}

extension JSON {
    /// One text for one value, to be hashed: members sorted by their UTF-8, no spaces (RFC 8785, for what we write:
    /// numbers are whole or the shortest that mean the double).
    package func writeCanonical(to out: inout [UInt8]) {
        switch self {
        case .array(let values):
            out.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                value.writeCanonical(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
                .enumerated()
            {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                Self.write(string: member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.writeCanonical(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        default: write(to: &out)
        }
    }

    package var canonicalText: String {
        var out: [UInt8] = []
        writeCanonical(to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

/// A copy of one entry of an index, so that it can be compared with the next.
struct IndexEntry: ~Copyable {
    private let isUnique: Bool
    /// Outside of Swift's count of references, which would be asked at each entry.
    private let columns: UnsafeMutableBufferPointer<IndexProof.Index.Column>
    /// Those that the index is of, and the rowid.
    private let values: UnsafeMutableBufferPointer<RowValue>
    private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 16)

    init(_ index: IndexProof.Index) {
        isUnique = index.isUnique
        columns = .allocate(capacity: index.columns.count)
        _ = columns.initialize(from: index.columns)
        values = .allocate(capacity: index.columns.count + 1)
        values.initialize(repeating: RowValue(.null, 0))
    }

    deinit {
        columns.deallocate()
        values.deallocate()
        room.deallocate()
    }

    /// Where the bytes of its record are to be put before it is decoded.
    mutating func makeRoom(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if count > room.count {
            room.deallocate()
            room = .allocate(byteCount: 2 * count, alignment: 16)
        }
        return UnsafeMutableRawBufferPointer(rebasing: room[..<count])
    }

    /// Reads the values of a record (sqlite.org/fileformat2.html §2.1), which must lie in its room. Throws `Malformed`
    /// unless it is exactly one value for each column, and the rowid.
    mutating func decode(_ record: IndexPages.Bytes) throws {
        var place = 0
        let length = try record.varint(&place)
        guard let header = Int(exactly: length), header <= record.bytes.count else { throw IndexPages.Malformed() }
        var body = header
        for column in values.indices {
            guard place < header else { throw IndexPages.Malformed() }
            let type = try record.varint(&place)
            let value = try Self.value(type, record, &body)
            let isReal = column < columns.count && columns[column].isReal
            values[column] = isReal ? value.asReal : value
        }
        guard place == header, body == record.bytes.count else { throw IndexPages.Malformed() }
    }

    private static func value(_ type: UInt64, _ record: IndexPages.Bytes, _ place: inout Int) throws -> RowValue {
        switch type {
        case 0: return RowValue(.null, 0)
        case 8, 9: return RowValue(.integer, type - 8)
        case 1...7:
            let count = type == 5 ? 6 : type > 5 ? 8 : Int(type)
            let bits = try record.number(place, bytes: count)
            place += count
            if type == 7 {
                // SQLite reads what is not a number as NULL.
                return Double(bitPattern: bits).isNaN ? RowValue(.null, 0) : RowValue(.real, bits)
            }
            let unused = UInt64(64 - 8 * count)
            return RowValue(.integer, UInt64(bitPattern: Int64(bitPattern: bits << unused) >> Int64(unused)))
        case 10, 11: throw IndexPages.Malformed()
        default:
            guard let count = Int(exactly: (type - 12) / 2) else { throw IndexPages.Malformed() }
            let bytes = try record.part(place, count: count)
            place += count
            return RowValue(type.isMultiple(of: 2) ? .blob : .text, UInt64(count), bytes)
        }
    }

    func hash(from start: RowHash) -> RowHash {
        var hash = start
        for value in values { hash.add(value) }
        return hash
    }

    /// Whether it has to stand before `next`, and may beside it.
    borrowing func precedes(_ next: borrowing IndexEntry) -> Bool {
        var hasNull = false
        for (place, column) in columns.enumerated() {
            hasNull = hasNull || values[place].isNull
            let order = RowValue.order(values[place], next.values[place], folds: column.folds)
            if order != 0 { return column.isDescending ? order > 0 : order < 0 }
        }
        // SQL holds no NULL for equal to another.
        if isUnique, !hasNull { return false }
        let rowid = columns.count
        return RowValue.order(values[rowid], next.values[rowid], folds: false) < 0
    }
}

extension RowValue {
    /// A whole number in a column of reals may be kept as an integer (sqlite.org/fileformat2.html §2.1).
    fileprivate var asReal: RowValue {
        letter == .integer ? RowValue(.real, Double(Int64(bitPattern: word)).bitPattern) : self
    }
}

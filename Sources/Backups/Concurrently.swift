/// What `body` makes of each element, in their order, with at most `width` at work at once. The first error cancels
/// the rest, and is thrown only when nobody works any more.
func concurrently<Element: Sendable, Value: Sendable>(
    _ elements: [Element], width: Int, _ body: @escaping @Sendable (Element) async throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
        var values = [Value?](repeating: nil, count: elements.count)
        var rest = elements.enumerated().makeIterator()
        func startNext() {
            guard let (index, element) = rest.next() else { return }
            group.addTask {
                try Task.checkCancellation()
                return (index, try await body(element))
            }
        }
        for _ in 0..<width { startNext() }
        while let (index, value) = try await group.next() {
            values[index] = value
            startNext()
        }
        return values.compactMap { $0 }
    }
}

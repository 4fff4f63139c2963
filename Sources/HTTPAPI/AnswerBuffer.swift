import NIOCore

/// Memory for answers, used again by the next once the socket has taken the last. Belongs to one event loop.
final class AnswerBuffer {
    /// More than this is given back after a large answer.
    private static let kept = 64 << 10

    private var buffer = ByteBuffer()

    /// What `write` puts into an empty buffer of this capacity. An answer that the socket has not taken yet keeps its
    /// memory, and this one gets its own.
    func filled(capacity: Int, _ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
        buffer.clear(minimumCapacity: capacity)
        write(&buffer)
        defer { if buffer.capacity > Self.kept { buffer = ByteBuffer() } }
        return buffer
    }
}

import NIOCore
import NIOPosix
import Testing

/// A TCP connection that sends bytes as they are given, well formed or not.
struct RawConnection {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// Runs `body` with a connection to `port`, and closes it.
    static func run<Value>(
        _ port: Int, _ body: (inout RawConnection) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        var result: Result<Value, any Error>?
        do {
            try await channel.executeThenClose { inbound, outbound in
                var connection = RawConnection(
                    channel: channel, inbound: inbound.makeAsyncIterator(), outbound: outbound)
                do { result = .success(try await body(&connection)) } catch { result = .failure(error) }
            }
        } catch  where result != nil {
            // The server has closed the connection already, which is what most of these tests wait for.
        }
        return try #require(result).get()
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Ends this side of the connection; the server can still answer.
    func sendNothingMore() async throws { try await channel.channel.close(mode: .output) }

    /// Sends one byte after the other with pauses, for ever.
    func drip(every pause: TimeAmount) {
        let channel = channel.channel
        channel.eventLoop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { task in
            guard channel.isActive else { return task.cancel() }
            channel.writeAndFlush(ByteBuffer(string: "a"), promise: nil)
        }
    }

    /// Lets the server wait; nothing is taken from the socket meanwhile but what fits into the stream's buffer.
    func pause(_ time: TimeAmount) async {
        _ = try? await channel.channel.eventLoop.scheduleTask(in: time) {}.futureResult.get()
    }

    /// Everything until the server closes; a reset is an end too.
    mutating func untilClosed() async -> String {
        var text = ""
        while let buffer = try? await inbound.next() { text += String(buffer: buffer) }
        return text
    }

    /// What has come once it contains `end`.
    mutating func until(_ end: String) async throws -> String {
        var text = ""
        while !text.contains(end) { text += String(buffer: try #require(try await inbound.next())) }
        return text
    }
}

extension TestServer {
    /// The answer to `request`, which must make the server close the connection.
    func exchange(_ request: String) async throws -> String {
        try await RawConnection.run(port) { connection in
            try await connection.send(request)
            return await connection.untilClosed()
        }
    }

    /// The status of the answer to `request`; nil when the server hung up without one.
    func status(of request: String) async throws -> Int? {
        let words = try await exchange(request).split(separator: " ", maxSplits: 2)
        return words.count > 1 ? Int(words[1]) : nil
    }
}

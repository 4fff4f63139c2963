import Foundation
import HTTPTypes
package import NIOCore
package import NIOHTTPTypes

/// Closes connections that take too long or send too much: half-open ones, drip-fed headers and bodies, readers that do
/// not read, and bodies that go on after the answer was given. Hummingbird has none of these limits by default.
///
/// One timer a connection: events only move the deadline, and the timer looks at it when it fires.
package final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    /// How long each may take.
    package struct Limits: Sendable {
        /// From the connection (TLS handshake included) to the end of the first header.
        package var header = TimeAmount.seconds(10)
        /// Between requests on a connection kept alive.
        package var idle = TimeAmount.seconds(60)
        /// A body may take this long, and a second more for each KiB received.
        package var body = TimeAmount.seconds(20)
        /// Without the client reading anything of a long answer.
        package var unread = TimeAmount.seconds(30)
        /// What is still taken of a body whose request was answered already, so that the client can read the answer.
        package var drain = TimeAmount.seconds(1)
        package var drainBytes = 64 << 10
        /// Taken from a socket at once. Requests that a client sends ahead wait in the kernel, as bytes, and not here,
        /// parsed: twenty times as large.
        package var readBytes = 16 << 10

        package init() {}
    }

    private enum Waiting { case header, idle, body, client, drain }

    private let limits: Limits
    private var waiting = Waiting.header
    private var deadline = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?
    private var requestsInFlight = 0
    private var isBodyOpen = false
    private var bodyStart = NIODeadline.now()
    private var bodyBytes = 0
    private var drainedBytes = 0

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    package func handlerAdded(context: ChannelHandlerContext) {
        if let options = context.channel.syncOptions {
            let allocator = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: limits.readBytes)
            try? options.setOption(.recvAllocator, value: allocator)
            try? options.setOption(.maxMessagesPerRead, value: 1)
        }
        wait(.header, until: .now() + limits.header, context)
    }

    package func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    package func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    // MARK: - From the client

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if waiting == .drain { return drain(part, context) }
        switch part {
        case .head:
            requestsInFlight += 1
            isBodyOpen = true
            (bodyStart, bodyBytes) = (.now(), 0)
            wait(.body, until: bodyStart + limits.body, context)
        case .body(let buffer):
            bodyBytes += buffer.readableBytes
            wait(.body, until: bodyStart + limits.body + .seconds(Int64(bodyBytes >> 10)), context)
        case .end:
            isBodyOpen = false
            // The answers to earlier requests may still lie here unread.
            wait(.client, until: context.channel.isWritable ? .distantFuture : .now() + limits.unread, context)
        }
        context.fireChannelRead(data)
    }

    /// Whoever sends the rest soon keeps the connection: a small body is often still under way when the answer is out.
    private func drain(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head: context.close(promise: nil)
        case .body(let buffer):
            drainedBytes += buffer.readableBytes
            if drainedBytes > limits.drainBytes { context.close(promise: nil) }
        case .end:
            isBodyOpen = false
            wait(.idle, until: .now() + limits.idle, context)
            context.fireChannelRead(wrapInboundOut(part))
        }
    }

    // MARK: - To the client

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        requestsInFlight -= 1
        if isBodyOpen, requestsInFlight == 0 {
            // Answered before the body was in: no more than a little of it is taken.
            drainedBytes = 0
            wait(.drain, until: .now() + limits.drain, context)
            context.writeAndFlush(data, promise: promise)
        } else {
            if requestsInFlight == 0 { wait(.idle, until: .now() + patience(context), context) }
            context.write(data, promise: promise)
        }
    }

    /// A whole request was answered past this handler, by bytes that are written already.
    func didAnswer(_ context: ChannelHandlerContext) {
        requestsInFlight -= 1
        if !context.channel.isWritable {
            wait(.client, until: .now() + limits.unread, context)
        } else if requestsInFlight == 0 {
            wait(.idle, until: .now() + limits.idle, context)
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if waiting == .client {
            switch (context.channel.isWritable, requestsInFlight) {
            case (false, _): wait(.client, until: .now() + limits.unread, context)
            case (true, 0): wait(.idle, until: .now() + limits.idle, context)
            case (true, _): wait(.client, until: .distantFuture, context)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    /// After an answer: a client that has not read it yet is not one that idles.
    private func patience(_ context: ChannelHandlerContext) -> TimeAmount {
        context.channel.isWritable ? limits.idle : limits.unread
    }

    // MARK: - The timer

    private func wait(_ what: Waiting, until deadline: NIODeadline, _ context: ChannelHandlerContext) {
        (waiting, self.deadline) = (what, deadline)
        if timer == nil {
            arm(context)
        } else if what == .drain || what == .client && deadline != .distantFuture {
            // Sooner than the timer may be set for.
            timer?.cancel()
            arm(context)
        }
    }

    private func arm(_ context: ChannelHandlerContext) {
        // While nothing is waited for, look again as late as the longest limit allows.
        let next = min(deadline, .now() + limits.unread)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: next) {
            let (handler, context) = bound.value
            handler.fired(context)
        }
    }

    private func fired(_ context: ChannelHandlerContext) {
        timer = nil
        guard context.channel.isActive else { return }
        if .now() >= deadline {
            if waiting == .client { forget(context.channel) }
            context.close(promise: nil)
        } else {
            arm(context)
        }
    }

    /// Lets closing drop what the client does not read and tell it so (a reset). The kernel would otherwise hold on to
    /// it for minutes, and the client would never hear of the end that stands behind it.
    private func forget(_ channel: any Channel) {
        (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            .whenFailure { _ in }
    }
}

import ApplianceCore
import HTTPTypes
import Hummingbird
import Logging
package import NIOCore
import NIOHTTP1
package import NIOHTTPTypes
import Tenancy

/// Answers what can be answered at once on the event loop of its connection: no task, no hop to another thread, one
/// buffer written. Every other request passes on to Hummingbird, whole and in order.
///
/// Sits between `ConnectionGuard` and Hummingbird's handlers. One request of a connection is in work at a time, here or
/// there: while its answer is awaited, what comes waits in `held`, and nothing more is read. Hummingbird
/// given more would make answers ahead of a client that reads none.
package final class DirectResponder: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    private enum Limit {
        /// A longer body takes the general way, which has the limits of the routes.
        static let body = 64 << 10
    }

    /// A request whose end is still to come.
    private struct Receiving {
        let head: HTTPRequest
        let route: DirectRoute
        let recordID: String?
        var body: ByteBuffer?
    }

    private enum State {
        case idle
        case receiving(Receiving)
        /// Waits for its shop's turn or for a commit.
        case answering
        /// Hummingbird's, until it is answered.
        case passing
    }

    /// What came while nothing could be taken.
    private enum Held {
        case part(HTTPRequestPart)
        case event(Any)
        case error(any Error)
    }

    private let routes: DirectRoutes
    private let pipeline: RequestPipeline
    private let responseHead: ResponseHead
    private let time: TimeSource
    private let loops: LoopStates
    private let connectionGuard: ConnectionGuard

    private var state = State.idle
    /// Hardly ever used, so it starts small: ten thousand idle connections each have one.
    private var held = CircularBuffer<Held>(initialCapacity: 1)
    private var isReadHeld = false
    /// Requests that Hummingbird was given and has not answered, and whether one of them is still coming in.
    private var passed = 0
    private var isPassing = false
    /// The request asked for the connection to end with it: whatever follows is not for us.
    private var isLast = false
    private var http: ApplianceRequestContext?
    /// In front of Hummingbird's encoder: what is written from here goes to the client as it is.
    private var wire: ChannelHandlerContext?
    private var executor: EventLoopExecutor?
    private var loop: LoopState?

    init(
        _ routes: DirectRoutes, pipeline: RequestPipeline, responseHead: ResponseHead, time: TimeSource,
        loops: LoopStates, connectionGuard: ConnectionGuard
    ) {
        (self.routes, self.pipeline, self.responseHead, self.time) = (routes, pipeline, responseHead, time)
        (self.loops, self.connectionGuard) = (loops, connectionGuard)
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        wire = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        loop = loops.state(of: context.eventLoop)
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        (wire, http, executor, loop) = (nil, nil, nil, nil)
    }

    // MARK: - From the client

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isBlocked(context) {
            held.append(.part(part))
        } else {
            take(part, context)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if overtakes(context) { held.append(.event(event)) } else { context.fireUserInboundEventTriggered(event) }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if overtakes(context) { held.append(.error(error)) } else { raise(error, context) }
    }

    /// The end of input or the server's shutdown must not overtake an answer or a request. Hummingbird, that knows what
    /// it still has to answer, is told at once.
    private func overtakes(_ context: ChannelHandlerContext) -> Bool {
        if case .passing = state { return !held.isEmpty }
        return isBlocked(context)
    }

    /// Bytes that are no HTTP get an answer like any other, unless Hummingbird has to give one first; it is the last.
    private func raise(_ error: any Error, _ context: ChannelHandlerContext) {
        if case .passing = state { return context.fireErrorCaught(error) }
        guard error is HTTPParserError, let wire, !isLast else { return context.fireErrorCaught(error) }
        isLast = true
        let id = pipeline.begin().requestID
        var answer = Problem.answer(Problem.domainError(error), requestID: id)
        answer.fields.append(HTTPField(name: .connection, value: "close"))
        let bytes = responseHead.bytes(answer, requestID: id, seconds: time.now().seconds, memory)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        wire.writeAndFlush(NIOAny(bytes)).whenComplete { _ in bound.value.close(promise: nil) }
    }

    package func read(context: ChannelHandlerContext) {
        if isBlocked(context), !mayReadAhead { isReadHeld = true } else { context.read() }
    }

    /// Not to read costs two system calls, for each answer that waits for its commit. So reading ends only when a
    /// client does send more before it has its answer, which then waits in `held`.
    private var mayReadAhead: Bool {
        if case .answering = state { held.isEmpty } else { false }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        release(context)
        context.fireChannelWritabilityChanged()
    }

    /// Nothing is taken while an answer is awaited, nor while the client leaves its answers unread.
    private func isBlocked(_ context: ChannelHandlerContext) -> Bool { !held.isEmpty || mustWait(context) }

    private func mustWait(_ context: ChannelHandlerContext) -> Bool {
        switch state {
        case .answering: true
        case .idle: !context.channel.isWritable
        case .passing: !isPassing
        case .receiving: false
        }
    }

    private func release(_ context: ChannelHandlerContext) {
        while !mustWait(context), let next = held.popFirst() {
            switch next {
            case .part(let part): take(part, context)
            case .event(let event): context.fireUserInboundEventTriggered(event)
            case .error(let error): raise(error, context)
            }
        }
        if isReadHeld, !isBlocked(context) {
            isReadHeld = false
            context.read()
        }
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.idle, .head(let head)):
            if let receiving = receiving(head) { state = .receiving(receiving) } else { pass(part, context) }
        case (.receiving(var receiving), .body(var buffer)):
            receiving.body.setOrWriteBuffer(&buffer)
            state = .receiving(receiving)
        case (.receiving(let receiving), .end):
            state = .idle
            respond(receiving, context)
        default: pass(part, context)
        }
    }

    /// Nil for what takes the general way.
    private func receiving(_ head: HTTPRequest) -> Receiving? {
        guard !isLast, let (route, recordID) = routes.find(head.method, head.path ?? "") else { return nil }
        let fields = head.headerFields
        guard fields[.connection] == nil || fields[.connection] == "keep-alive", fields[.expect] == nil else {
            return nil
        }
        let length = fields[.contentLength].map { Int($0) ?? .max } ?? 0
        guard length <= Limit.body, fields[.transferEncoding] == nil else { return nil }
        // What a page of another site reads needs headers that are worked out for it.
        if fields[.origin] != nil, pipeline.isCORSEnabled { return nil }
        return Receiving(head: head, route: route, recordID: recordID, body: nil)
    }

    // MARK: - Answering

    private func respond(_ receiving: Receiving, _ context: ChannelHandlerContext) {
        let start = pipeline.begin()
        var http = connectionContext(context.channel)
        (http.requestID, http.directRecordID) = (start.requestID, receiving.recordID)
        let request = Request(head: receiving.head, body: RequestBody(buffer: receiving.body ?? ByteBuffer()))
        do {
            try pipeline.checkHost(request)
            guard let admitted = try receiving.route.admit(request, http) else { return passWhole(receiving, context) }
            guard let turns = loop?.turns, !turns.isTurn(of: admitted.tenant.id) else {
                answer(admitted, receiving, start, context)
                loop?.turns.didAnswer(admitted.tenant.id, since: start.instant)
                return
            }
            state = .answering
            turns.wait(admitted.tenant.id) { [self] in
                state = .idle
                // A client that is gone by now gets no answer, and asks for no change.
                guard context.channel.isActive else { return }
                answer(admitted, receiving, start, context)
                release(context)
            }
        } catch {
            write(pipeline.problem(error, request, start.requestID), receiving, start, context)
        }
    }

    private func answer(
        _ admitted: TenantRequestContext, _ receiving: Receiving, _ start: RequestPipeline.Start,
        _ context: ChannelHandlerContext
    ) {
        let tenant = admitted.tenant.id
        do {
            switch try receiving.route.answer(admitted) {
            case .now(let answer): write(answer, receiving, start, context, tenant: tenant)
            case .afterCommit(let work, let rates): wait(for: work, rates, admitted, receiving, start, context)
            case nil: passWhole(receiving, context)
            }
        } catch {
            let problem = pipeline.problem(error, admitted.request, start.requestID)
            write(problem, receiving, start, context, tenant: tenant)
        }
    }

    private func connectionContext(_ channel: any Channel) -> ApplianceRequestContext {
        if let http { return http }
        let made = ApplianceRequestContext(source: .init(channel: channel, logger: Self.noLogger))
        http = made
        return made
    }

    /// Handlers log through their services; Hummingbird's per-request logger is not used here.
    private static let noLogger = Logger(label: "appliance.http") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `work` on this thread until it waits, and again on this thread once its commit is on disk.
    private func wait(
        for work: @escaping @Sendable () async throws -> Response, _ rates: RateLimitFields?,
        _ admitted: TenantRequestContext, _ receiving: Receiving, _ start: RequestPipeline.Start,
        _ context: ChannelHandlerContext
    ) {
        state = .answering
        let executor = executor ?? EventLoopExecutor(context.eventLoop)
        self.executor = executor
        let bound = NIOLoopBound((self, context, receiving), eventLoop: context.eventLoop)
        let pipeline = pipeline
        Task.immediate(executorPreference: executor) {
            var answer: PlainAnswer
            do {
                answer = try await PlainAnswer(collecting: work())
            } catch {
                answer = pipeline.problem(error, admitted.request, start.requestID)
            }
            answer.rates = rates
            let (handler, context, receiving) = bound.value
            handler.state = .idle
            handler.write(answer, receiving, start, context, tenant: admitted.tenant.id)
            handler.release(context)
        }
    }

    private func write(
        _ answer: PlainAnswer, _ receiving: Receiving, _ start: RequestPipeline.Start,
        _ context: ChannelHandlerContext, tenant: String? = nil
    ) {
        let buffer = responseHead.bytes(
            answer, requestID: start.requestID, tenant: tenant, seconds: time.now().seconds, memory)
        wire?.writeAndFlush(NIOAny(buffer), promise: nil)
        connectionGuard.didAnswer(context)
        pipeline.end(start, receiving.head.method, route: receiving.route.pattern, answer.status)
    }

    private var memory: AnswerBuffer { loop?.memory ?? AnswerBuffer() }

    // MARK: - Passing on

    private func passWhole(_ receiving: Receiving, _ context: ChannelHandlerContext) {
        pass(.head(receiving.head), context)
        if let body = receiving.body { pass(.body(body), context) }
        pass(.end(nil), context)
    }

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            passed += 1
            (state, isPassing) = (.passing, true)
            if head.headerFields[.connection] == "close" { isLast = true }
        case .body: break
        case .end: isPassing = false
        }
        context.fireChannelRead(wrapInboundOut(part))
        if case .end = part { context.fireChannelReadComplete() }
        finishPassing(context)
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        guard case .end = unwrapOutboundIn(data) else { return }
        passed -= 1
        finishPassing(context)
    }

    private func finishPassing(_ context: ChannelHandlerContext) {
        guard case .passing = state, passed == 0, !isPassing else { return }
        state = .idle
        release(context)
    }
}

/// Lets Swift tasks run on an event loop.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import Tenancy

/// `GET /api/events`: what changes in the shop, as it happens (server-sent events, HTML Living Standard §9.2).
///
/// A change says which record of which collection, never what is in it: whoever wants that asks for it, with the rights
/// of that moment. `Last-Event-ID` goes on from there; a gap is told by a `reset`, after which one reads anew.
package struct EventController: Sendable {
    private enum Limit {
        /// Changes that are told of the past; who was away for longer reads anew.
        static let replayed = 10_000
        /// Milliseconds after which a client comes back.
        static let retry = 2000
    }

    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    package func add(to routes: Routes) {
        routes.tenant(
            .get, "/api/events", .read, "Follow what changes, as server-sent events",
            .asks(.text("collection"), .choice("follow", ["true", "false"])).gives(.ok, type: "text/event-stream")
        ) { try events($0) }
    }

    /// `?collection=customers,products` for these alone; `?follow=false` for what there is since `Last-Event-ID`.
    private func events(_ context: TenantRequestContext) throws -> Response {
        let options = try EventOptions(context, services.own(context.database).catalog)
        if options.isFollowing {
            try context.requireWritable()
            try services.events.checkRoom(context.database.name)
        }
        let body = ResponseBody { writer in
            var stream = EventWriter(writer: writer, context: context, services: services, options: options)
            try await stream.open(retry: Limit.retry)
            if options.isFollowing {
                try await services.events.listening(to: context.database) { batches in
                    try await stream.replay(limit: Limit.replayed)
                    for await batch in batches {
                        guard try await stream.isAllowed() else { break }
                        try await stream.send(batch)
                    }
                }
            } else {
                try await stream.replay(limit: Limit.replayed)
            }
            try await stream.writer.finish(nil)
        }
        var response = Response(status: .ok, body: body)
        response.headers[.contentType] = "text/event-stream; charset=utf-8"
        // nginx would keep the events back until it has a page of them.
        response.headers[.accelBuffering] = "no"
        return response
    }
}

/// What a listener asked for.
private struct EventOptions: Sendable {
    private(set) var isFollowing = true
    /// Nil for all.
    private(set) var collections: Set<String>?
    let since: String?

    init(_ context: TenantRequestContext, _ catalog: CollectionCatalog) throws {
        since = context.request.headers[.lastEventID]
        for (name, value) in try QueryString.parameters(of: context.request) {
            switch (name, value) {
            case ("follow", "true"), ("follow", "false"): isFollowing = value == "true"
            case ("collection", _):
                let names = Set(value.split(separator: ",").map(String.init))
                if let unknown = names.first(where: { catalog.entry($0) == nil }) {
                    throw DomainError.invalid(
                        "collection", "not_found", "There is no collection \(unknown.prefix(64)).")
                }
                collections = names.union(collections ?? [])
            case ("follow", _): throw DomainError.invalid("follow", "not_a_choice", "One of true, false.")
            default:
                throw DomainError.invalid(
                    String(name.prefix(64)), "unknown_parameter", "One of collection, follow.")
            }
        }
    }
}

/// Writes to one listener what that person may know.
private struct EventWriter {
    var writer: any ResponseBodyWriter
    let context: TenantRequestContext
    let services: HTTPServices
    let options: EventOptions
    /// The last change that was told, or would have been.
    private var seq: Int64 = 0
    /// As of the last look.
    private var principal: Principal

    init(writer: any ResponseBodyWriter, context: TenantRequestContext, services: HTTPServices, options: EventOptions) {
        (self.writer, self.context, self.services, self.options) = (writer, context, services, options)
        principal = context.principal
    }

    mutating func open(retry: Int) async throws {
        try await writer.write(ByteBuffer(string: "retry: \(retry)\n\n"))
    }

    /// Tells what came since `Last-Event-ID`, or that it cannot be told.
    mutating func replay(limit: Int) async throws {
        let head = try context.database.read { db in try AuditTrail.head(db) }
        guard let since = options.since else {
            seq = head.seq
            return
        }
        guard let position = AuditPosition(since), head.seq - position.seq <= Int64(limit),
            try context.database.read({ db in try AuditTrail.holds(db, position) })
        else { return try await reset(head) }
        seq = position.seq
        while true {
            let after = seq
            let changes = try context.database.read { db in
                try AuditTrail.changes(db, after: after, limit: EventHub.Limit.batch)
            }
            if changes.isEmpty { return }
            try await send(changes.map(RecordEvent.init))
        }
    }

    /// Whether the person may go on listening: signed in still, in a shop that is there and not suspended.
    mutating func isAllowed() async throws -> Bool {
        guard let now = try await Authenticator(services: services).current(context) else { return false }
        principal = now
        return true
    }

    mutating func send(_ batch: EventBatch) async throws {
        switch batch {
        case .changes(let events): try await send(events)
        case .reset(let head): try await reset(head)
        case .heartbeat: try await writer.write(ByteBuffer(string: ":\n\n"))
        case .check: break
        }
    }

    private mutating func send(_ events: [RecordEvent]) async throws {
        var buffer = ByteBuffer()
        for event in events where event.seq > seq {
            seq = event.seq
            if try mayKnow(event) { buffer.writeBytes(event.bytes) }
        }
        if buffer.readableBytes > 0 { try await writer.write(buffer) }
    }

    private mutating func reset(_ head: AuditPosition) async throws {
        seq = head.seq
        try await writer.write(ByteBuffer(string: "id: \(head.text)\nevent: reset\ndata: {}\n\n"))
    }

    /// The file is asked only where the person is limited to records of their own.
    private func mayKnow(_ event: RecordEvent) throws -> Bool {
        guard options.collections?.contains(event.collection) ?? true,
            let entry = try services.entry(event.collection, in: context.database),
            context.tenant.has(module: entry.module),
            principal.may(.read, entry.collection)
        else { return false }
        let view = principal.view(of: entry.collection)
        return try view.reachesAll || context.database.read { db in try view.mayRead(db, id: event.target) }
    }
}

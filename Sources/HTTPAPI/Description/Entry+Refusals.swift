import HTTPTypes

extension Routes.Entry {
    /// A route of its own list, for an answer that tells of all routes and is made before it is registered.
    package init(
        get path: String, _ access: Routes.Access, _ summary: String, _ shape: RouteShape = RouteShape()
    ) {
        self.init(
            method: HTTPRequest.Method.get.rawValue, path: path, access: access, summary: summary, collection: nil,
            right: nil, shape: shape)
    }

    /// The statuses of problems that its callers may meet, lowest first: what routes of its kind have anyway, and what
    /// its shape adds.
    package var refusals: [Int] {
        // Malformed, too often, and not now: anybody may meet these anywhere.
        var statuses: Set = [400, 429, 503]
        statuses.formUnion(shape.refusals)
        if access != .open { statuses.formUnion([401, 403]) }
        if path.contains("{") { statuses.insert(404) }
        if !shape.query.isEmpty { statuses.insert(422) }
        if shape.body != nil { statuses.formUnion([413, 415, 422]) }
        // A change of what somebody may not, that something stands against, or for which there is no room.
        if method != HTTPRequest.Method.get.rawValue { statuses.formUnion([402, 403, 409, 422, 507]) }
        return statuses.sorted()
    }
}

package import ApplianceCore

extension AuditTrail {
    /// An event as somebody may see it: of a record's values only those that they may read, and none where not every
    /// record of the collection is in their reach. `view` is nil for what is no collection.
    package static func visible(_ event: JSON, _ view: (String) -> CollectionView?) -> JSON {
        guard let action = event["action"]?.stringValue, let dot = action.lastIndex(of: "."),
            let view = view(String(action[..<dot])), !view.seesAll
        else { return event }
        return .object(
            (event.objectValue ?? []).map { member in
                member.name == "data" ? .init("data", visible(member.value, in: view)) : member
            })
    }

    private static func visible(_ data: JSON, in view: CollectionView) -> JSON {
        guard view.grant.scopes[.read] == .all, let parts = data.objectValue else { return .null }
        return .object(
            parts.map { part in
                guard let values = part.value.objectValue else { return part }
                return .init(part.name, .object(values.filter { view.isReadable($0.name) }))
            })
    }
}

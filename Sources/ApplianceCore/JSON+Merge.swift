extension JSON {
    /// JSON Merge Patch (RFC 7396): members of the patch replace ours, null removes one, objects merge in depth.
    package func merged(with patch: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var members = objectValue ?? []
        for change in changes {
            let index = members.firstIndex { $0.name == change.name }
            if case .null = change.value {
                if let index { members.remove(at: index) }
                continue
            }
            let value = (index.map { members[$0].value } ?? .null).merged(with: change.value)
            if let index {
                members[index] = Member(change.name, value)
            } else {
                members.append(Member(change.name, value))
            }
        }
        return .object(members)
    }
}

import ApplianceCore
package import Storage

extension Collection {
    /// Whether `object` is a trigger of a collection that some shop declared for itself. Such a trigger says the same
    /// for each field of its type, so its text follows from its name: any other text is a stranger's.
    package static func isOwnTrigger(_ object: DatabaseSchema.Object) -> Bool {
        let words = object.name.split(separator: "_", omittingEmptySubsequences: false)
        guard object.type == "trigger", words.count == 4, words[0] + "_" == ownPrefix else { return false }
        let isPlain = words[1...2].allSatisfy { word in
            !word.isEmpty && word.utf8.allSatisfy { $0.isASCIIDigit || (0x61...0x7A).contains($0 | 0x20) }
        }
        guard isPlain else { return false }
        let (name, field) = (String(words[1]), String(words[2]))
        return [Field.file(field, of: []), .references(field, to: name)].contains { field in
            let collection = Collection(
                name, idPrefix: "own", title: name, fields: [field], own: .init(heading: name, version: 0))
            // SQLite keeps a statement without the condition.
            return (collection.createLinks + collection.createFileUses).contains {
                $0.replacing("CREATE TRIGGER IF NOT EXISTS", with: "CREATE TRIGGER", maxReplacements: 1) == object.sql
            }
        }
    }
}

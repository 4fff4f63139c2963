/// Encrypts what a shop keeps secret (passwords of its mail server, keys of its payment service). CollectionKit knows
/// no keys: whoever wires the server gives a sealer that works with the master key and binds what it seals to the shop.
package struct SecretSealer: Sendable {
    /// `place` names collection and field: what was sealed for one does not open for another.
    package let seal: @Sendable (_ plain: String, _ place: String) throws -> String
    package let open: @Sendable (_ sealed: String, _ place: String) throws -> String

    package init(
        seal: @escaping @Sendable (_ plain: String, _ place: String) throws -> String,
        open: @escaping @Sendable (_ sealed: String, _ place: String) throws -> String
    ) {
        (self.seal, self.open) = (seal, open)
    }
}

import Foundation

extension String {
    /// Safe as one component of a path, or as a value of a query.
    var pathComponent: String {
        let allowed = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~@")
        return addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}

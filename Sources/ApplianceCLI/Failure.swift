import ApplianceCore
import Foundation

/// Errors at the command line: what went wrong, what to try, and the exit code of the contract (§4).
enum Failure {
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    static let badInput: Int32 = 65
    static let unreachable: Int32 = 69
    static let inUse: Int32 = 75

    /// Faults shown of one error.
    private static let shownFaults = 20

    static func exitCode(_ error: DomainError) -> Int32 {
        if error.code == "data_in_use" { return inUse }
        if ["server_unreachable", "provider_unreachable"].contains(error.code) { return unreachable }
        if error.code == "usage" { return usage }
        return switch error.category {
        case .malformed, .invalid, .unsupportedMedia: badInput
        default: failed
        }
    }

    static func report(_ error: DomainError) {
        var lines = ["Error: \(error.message)"]
        for fault in error.faults.prefix(shownFaults) {
            let place = [fault.line.map { "line \($0)" }, fault.field.isEmpty ? nil : fault.field].compactMap { $0 }
            lines.append("  \(place.joined(separator: ", ")): \(fault.message)")
        }
        if error.faults.count > shownFaults { lines.append("  … and \(error.faults.count - shownFaults) more") }
        if let cause = error.cause { lines.append("Cause: \(cause)") }
        if let hint = error.hint { lines.append("Try:   \(hint)") }
        FileHandle.standardError.write(Data((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// A problem document of the server as the error that it came from.
    static func error(problem: JSON, status: Int) -> DomainError {
        let category: DomainError.Category =
            switch status {
            case 400: .malformed
            case 401: .unauthenticated
            case 402: .paymentRequired
            case 403: .forbidden
            case 404: .notFound
            case 409: .conflict
            case 410: .gone
            case 413, 415, 422: .invalid
            case 429: .tooMany
            case 503: .unavailable
            case 507: .storageFull
            default: .internal
            }
        let faults = (problem["errors"]?.arrayValue ?? []).map { fault in
            DomainError.FieldFault(
                fault["field"]?.stringValue ?? "", fault["code"]?.stringValue ?? "",
                fault["message"]?.stringValue ?? "",
                line: fault["line"]?.integerValue.map { Int($0) })
        }
        return DomainError(
            category, problem["code"]?.stringValue ?? "failed",
            problem["detail"]?.stringValue ?? "The server answered \(status).", hint: problem["hint"]?.stringValue,
            faults: faults)
    }
}

/// Keys of log metadata, so that one thing has one name in every line.
package enum LogKey {
    package static let tenant = "tenant"
    package static let job = "job"
    package static let snapshot = "snapshot"
    package static let error = "error"
    package static let requestID = "requestId"
    package static let path = "path"
    package static let seconds = "seconds"
    package static let count = "count"
}

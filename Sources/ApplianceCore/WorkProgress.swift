/// How far long work has come: what a progress bar, a plain line or an NDJSON line shows.
package struct WorkProgress: Sendable, Equatable {
    /// A verb with its object: `copying`, `verifying`, `importing rows`.
    package let step: String
    package let done: Int64
    /// 0 while it is not known.
    package let total: Int64
    /// What is being worked on, such as a tenant's slug.
    package let detail: String

    package init(_ step: String, done: Int64, total: Int64, detail: String = "") {
        (self.step, self.done, self.total, self.detail) = (step, done, total, detail)
    }

    package typealias Report = @Sendable (WorkProgress) -> Void
}

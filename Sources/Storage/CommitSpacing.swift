/// How far apart the commits of a file are that is read all the time.
///
/// Behind each commit every reader begins with an empty cache of pages, and a commit of one write costs as much as one
/// of ten. So where thousands of reads a second go on, writes that come a moment after a commit wait for others, as
/// with PostgreSQL's `commit_delay`. Nobody waits where there is less to read.
struct CommitSpacing {
    enum Limit {
        /// From the end of a commit to the beginning of the next.
        static let distance = Duration.milliseconds(2)
        /// Reads that are worth it, since the last commit and, half as much each, those before.
        static let reads = 16
        /// Writes in line that wait no longer.
        static let writes = 4
    }

    private let distance: Duration
    private var reads = 0
    private(set) var last: ContinuousClock.Instant?

    init(distance: Duration = Limit.distance) { self.distance = distance }

    mutating func didRead() { reads &+= 1 }

    mutating func didCommit(now: ContinuousClock.Instant = .now) { (reads, last) = (reads / 2, now) }

    /// How long so many writes should wait for more; nil when they should not.
    func pause(writes: Int, now: @autoclosure () -> ContinuousClock.Instant = .now) -> Duration? {
        guard reads >= Limit.reads, writes < Limit.writes, let last else { return nil }
        let left = distance - (now() - last)
        return left > .zero ? left : nil
    }
}

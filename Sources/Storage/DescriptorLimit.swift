import Foundation

/// How many files and sockets the process may have open.
package enum DescriptorLimit {
    /// Enough for everything here, where the system would allow a thousand million.
    private static let most: rlim_t = 1 << 20

    /// The limit, raised as far as the system lets a process do it by itself, once. A shell of Debian gives 1,024:
    /// too few for some hundred shops and their visitors.
    package static let raised: Int = {
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(kind, &limit) == 0 else { return 1024 }
        var wanted = limit
        wanted.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, most))
        return Int(clamping: setrlimit(kind, &wanted) == 0 ? wanted.rlim_cur : limit.rlim_cur)
    }()
}

import Foundation

/// What the kernel says of this process.
package struct ProcessFigures: Sendable {
    package let residentBytes: Int64
    package let cpuSeconds: Double
    package let openDescriptors: Int

    package static func now() -> ProcessFigures {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let cpu = [usage.ru_utime, usage.ru_stime].reduce(0.0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        return ProcessFigures(
            residentBytes: residentPages() * Int64(sysconf(Int32(_SC_PAGESIZE))), cpuSeconds: cpu,
            openDescriptors: (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0)
    }

    /// The second number of `/proc/self/statm`.
    private static func residentPages() -> Int64 {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return text.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0
    }
}

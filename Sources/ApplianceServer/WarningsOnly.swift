import Logging

/// Passes on warnings and worse, and takes metadata without a thought: Hummingbird gives every request a logger of its
/// own with an id, and formatting that id for lines nobody writes cost 2 µs a request. Our lines carry our own id.
struct WarningsOnly: LogHandler {
    let base: Logger
    var metadata: Logger.Metadata = [:]

    init(base: Logger) { self.base = base }

    var logLevel: Logger.Level {
        get { .warning }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        base.log(level: event.level, event.message, metadata: event.metadata)
    }
}

import ApplianceCore
package import Backups
package import Foundation
package import HTTPAPI
package import Storage
import Yams

/// What can be configured, each key once: its name (flag and `appliance.yaml`), its variable, its default, its meaning.
package enum ConfigurationKey: String, CaseIterable, Sendable {
    case data, backups, host, port, domain, url, openFiles = "open-files", bcryptCost = "bcrypt-cost", queryTime =
        "query-time"
    case backupKeep = "backup-keep", restoreWindow = "restore-window"
    case promiseRecoveryPoint = "promise-recovery-point", promiseRecoveryTime = "promise-recovery-time"
    case fileLimit = "file-limit", filesQuota = "files-quota", diskFloor = "disk-floor"
    case trustedProxies = "trusted-proxies", forwardedHeader = "forwarded-header"
    case loopbackIssuers = "loopback-issuers"
    case tlsCert = "tls-cert", tlsKey = "tls-key", logLevel = "log-level", web

    /// `APPLIANCE_TLS_CERT` for `tls-cert`.
    package var variable: String { "APPLIANCE_" + rawValue.uppercased().replacing("-", with: "_") }

    package var fallback: String {
        switch self {
        case .data: "data"
        case .backups: "backups"
        case .host: "127.0.0.1"
        case .port: "8080"
        case .openFiles: "\(StorageServices.Limit.openFiles)"
        case .bcryptCost: "12"
        case .queryTime: "2000"
        case .backupKeep: RetentionPolicy.standard.text
        case .restoreWindow: RetentionRules.standard.window.text
        case .promiseRecoveryPoint: "\(RecoveryPromise.standard.point.components.seconds)s"
        case .promiseRecoveryTime: "\(RecoveryPromise.standard.time.components.seconds)s"
        case .fileLimit: "100"
        case .filesQuota: "10240"
        case .diskFloor: "512"
        case .logLevel: "info"
        case .loopbackIssuers: "off"
        case .domain, .url, .tlsCert, .tlsKey, .trustedProxies, .web: ""
        case .forwardedHeader: TrustedProxies.Header.forwardedFor.rawValue
        }
    }

    package var help: String {
        switch self {
        case .data: "Folder of all state."
        case .backups: "Folder of the backups; another disk is better."
        case .host: "Address to listen on."
        case .port: "Port to listen on; 0 takes a free one."
        case .domain: "Domain below which shops have names of their own, such as shops.example."
        case .url: "Where people reach the server, such as https://shops.example; links in messages begin with it."
        case .openFiles: "Database files open at once; by default one for each 8 MiB of memory, at most 1024."
        case .bcryptCost: "Cost of new password hashes, 10-15."
        case .queryTime: "Milliseconds after which a list is stopped (422 query_too_slow)."
        case .backupKeep:
            "Snapshots that pruning keeps: any of within=, last=, hourly=, daily=, weekly=, monthly=, yearly=."
        case .restoreWindow: "How far back each shop can be restored, such as 30d; pruning keeps what that needs."
        case .promiseRecoveryPoint:
            "How much work a lost data disk may cost at the most, such as 1s; measured, and alerted when broken."
        case .promiseRecoveryTime: "How long restoring a shop of up to a gigabyte may take, such as 10s."
        case .fileLimit: "Largest uploaded file, in MiB."
        case .filesQuota: "Uploaded files of one shop together, in MiB."
        case .diskFloor: "Uploads are refused when less than this would stay free on the disk, in MiB."
        case .trustedProxies:
            "Addresses and ranges of proxies in front, with commas between; only they may say where a client is."
        case .forwardedHeader: "Header in which they say it: x-forwarded-for or forwarded."
        case .loopbackIssuers: "on: identity providers may be plain http on this machine, for tests. off: https only."
        case .tlsCert: "Certificate chain (PEM); with tls-key the server speaks TLS."
        case .tlsKey: "Private key (PEM)."
        case .logLevel: "trace, debug, info, notice, warning, error or critical."
        case .web: "Serve the page from this folder instead of the built-in one, for work on the page."
        }
    }
}

/// The effective values, by precedence: flag, environment, `data/appliance.yaml`, default.
package struct Configuration: Sendable {
    package enum Origin: String, Sendable { case flag, environment, file, `default` }

    package struct Value: Sendable {
        package let text: String
        package let origin: Origin
    }

    private let values: [ConfigurationKey: Value]

    package init(flags: [ConfigurationKey: String], environment: [String: String]) throws {
        var values: [ConfigurationKey: Value] = [:]
        func resolve(_ key: ConfigurationKey, file: [String: String]) -> Value {
            if let flag = flags[key] { return Value(text: flag, origin: .flag) }
            if let variable = environment[key.variable] { return Value(text: variable, origin: .environment) }
            if let line = file[key.rawValue] { return Value(text: line, origin: .file) }
            return Value(text: key.fallback, origin: .default)
        }
        // Where the file is decides the data folder itself.
        let data = resolve(.data, file: [:])
        let file = try Self.file(DataDirectory(URL(filePath: data.text)).configuration)
        for key in ConfigurationKey.allCases { values[key] = key == .data ? data : resolve(key, file: file) }
        self.values = values
        try check()
    }

    private static func file(_ url: URL) throws -> [String: String] {
        guard FileSystem.exists(url) else { return [:] }
        let text = String(decoding: try FileReader.contents(url, limit: 1 << 20), as: UTF8.self)
        let parsed: Any?
        do {
            parsed = try Yams.load(yaml: text)
        } catch {
            throw Self.invalid("appliance.yaml is not YAML: \(error)")
        }
        guard let entries = parsed as? [String: Any] else {
            if parsed == nil { return [:] }
            throw Self.invalid("appliance.yaml must be a list of `key: value` lines.")
        }
        for key in entries.keys where ConfigurationKey(rawValue: key) == nil {
            throw Self.invalid("appliance.yaml has an unknown key \(key).")
        }
        return entries.mapValues { "\($0)" }
    }

    private static func invalid(_ message: String) -> DomainError {
        DomainError(.invalid, "configuration_invalid", message, hint: "appliance config shows every key.")
    }

    private func check() throws {
        for (key, range) in [
            (ConfigurationKey.port, 0...65_535), (.openFiles, 8...100_000), (.bcryptCost, 4...15),
            (.queryTime, 1...60_000),
            (.fileLimit, 1...1_048_576), (.filesQuota, 1...1_073_741_824), (.diskFloor, 0...1_073_741_824),
        ] {
            guard let number = Int(self[key]), range.contains(number) else {
                throw Self.invalid("\(key.rawValue) must be a number from \(range.lowerBound) to \(range.upperBound).")
            }
        }
        do { _ = try RetentionPolicy(self[.backupKeep]) } catch let error as DomainError {
            throw Self.invalid("backup-keep: \(error.faults.first?.message ?? error.message)")
        }
        guard RetentionPolicy.Span(self[.restoreWindow]) != nil else {
            throw Self.invalid("restore-window must be a span such as 48h, 30d or 4w.")
        }
        for key in [ConfigurationKey.promiseRecoveryPoint, .promiseRecoveryTime]
        where RecoveryPromise.span(self[key]) == nil {
            throw Self.invalid("\(key.rawValue) must be a span from 1s to 31d, such as 1s, 15m or 4h.")
        }
        let url = self[.url]
        guard url.isEmpty || URL(string: url)?.host() != nil && (url.hasPrefix("https://") || url.hasPrefix("http://"))
        else { throw Self.invalid("url must be an address such as https://shops.example.") }
        guard let header = TrustedProxies.Header(rawValue: self[.forwardedHeader]) else {
            throw Self.invalid("forwarded-header must be x-forwarded-for or forwarded.")
        }
        guard TrustedProxies(self[.trustedProxies], header: header) != nil else {
            throw Self.invalid("trusted-proxies must be addresses or ranges, such as 10.0.0.0/8, 2001:db8::/32.")
        }
        guard ["on", "off"].contains(self[.loopbackIssuers]) else {
            throw Self.invalid("loopback-issuers must be on or off.")
        }
        guard self[.tlsCert].isEmpty == self[.tlsKey].isEmpty else {
            throw Self.invalid("tls-cert and tls-key go together.")
        }
    }

    package subscript(_ key: ConfigurationKey) -> String { values[key]?.text ?? key.fallback }
    package func origin(_ key: ConfigurationKey) -> Origin { values[key]?.origin ?? .default }

    package var data: DataDirectory { DataDirectory(URL(filePath: self[.data])) }
    package var backups: URL { URL(filePath: self[.backups]).standardizedFileURL }
    package var port: Int { Int(self[.port]) ?? 8080 }
    package var openFiles: Int { Int(self[.openFiles]) ?? StorageServices.Limit.openFiles }
    package var queryLimit: DatabaseFile.ReadLimit {
        Int64(self[.queryTime]).map { .init(time: .milliseconds($0)) } ?? .request
    }
    package var bcryptCost: Int { Int(self[.bcryptCost]) ?? 12 }
    package var isTLS: Bool { !self[.tlsCert].isEmpty }
    package var allowsLoopbackIssuers: Bool { self[.loopbackIssuers] == "on" }
    package var domain: String? { self[.domain].isEmpty ? nil : self[.domain] }
    package var fileLimits: FileServices.Limits {
        func bytes(_ key: ConfigurationKey) -> Int64 { (Int64(self[key]) ?? 0) << 20 }
        return .init(fileBytes: bytes(.fileLimit), tenantBytes: bytes(.filesQuota), diskFloor: bytes(.diskFloor))
    }
    package var proxies: TrustedProxies {
        TrustedProxies(
            self[.trustedProxies], header: TrustedProxies.Header(rawValue: self[.forwardedHeader]) ?? .forwardedFor)
            ?? .none
    }
    package var retention: RetentionRules {
        let window = RetentionPolicy.Span(self[.restoreWindow]) ?? RetentionRules.standard.window
        return RetentionRules(policy: (try? RetentionPolicy(self[.backupKeep])) ?? .standard, window: window)
    }
    package var promise: RecoveryPromise {
        RecoveryPromise(
            point: RecoveryPromise.span(self[.promiseRecoveryPoint]) ?? RecoveryPromise.standard.point,
            time: RecoveryPromise.span(self[.promiseRecoveryTime]) ?? RecoveryPromise.standard.time)
    }
    /// What links that are sent begin with.
    package var publicAddress: String {
        let url = self[.url]
        return url.isEmpty ? address : url.hasSuffix("/") ? String(url.dropLast()) : url
    }
    /// How people reach the server from this machine.
    package var address: String { "\(isTLS ? "https" : "http")://\(self[.host]):\(port)" }
}

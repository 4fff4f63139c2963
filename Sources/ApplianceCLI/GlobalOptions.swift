import ApplianceCore
import ApplianceServer
import ArgumentParser
import Foundation
import Logging

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(help: "Folder of all state (APPLIANCE_DATA; default ./data).")
    var data: String?

    @Option(help: "Folder of the backups (APPLIANCE_BACKUPS; default ./backups).")
    var backups: String?

    func configuration(_ more: [ConfigurationKey: String?] = [:]) throws -> Configuration {
        var flags = more.compactMapValues { $0 }
        flags[.data] = data
        flags[.backups] = backups
        return try Configuration(flags: flags, environment: ProcessInfo.processInfo.environment)
    }

    /// For commands: only what goes wrong, on standard error.
    static func quietLogger() -> Logger {
        var logger = Logger(label: "appliance") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return logger
    }
}

/// As `GlobalOptions`, for commands that print data.
struct DataOptions: ParsableArguments {
    @OptionGroup var global: GlobalOptions

    @Flag(help: "Print JSON.")
    var json = false

    /// Asks the API for a list, and prints it as a table, or as it was answered with `--json`. Says so where the answer
    /// is not all of it.
    func printList(_ path: String, _ columns: [String], row: (JSON) -> [String]) async throws {
        let answer = try await ControlSession.with(global.configuration()) { try await $0.send("GET", path) }
        if json { return Output.print(answer) }
        let items = answer["items"]?.arrayValue ?? []
        Output.table(columns, items.map(row))
        if answer["nextCursor"]?.stringValue != nil { print("There are more than these \(items.count).") }
    }
}

/// A new password: from a file, or typed twice.
struct PasswordOptions: ParsableArguments {
    @Option(help: "File whose first line is the password; - reads standard input.")
    var passwordFile: String?

    /// Nil without `--password-file`.
    func fromFile() throws -> String? { try Self.firstLine(of: passwordFile) }

    /// Of a file with a secret, or of standard input; nil without one.
    static func firstLine(of file: String?) throws -> String? {
        guard let file else { return nil }
        let text: String
        if file == "-" {
            text = readLine(strippingNewline: true) ?? ""
        } else {
            guard let content = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw DomainError(.invalid, "password_file", "The file \(file) cannot be read.")
            }
            text = content
        }
        return String(text.prefix { $0 != "\n" && $0 != "\r\n" && $0 != "\r" })
    }

    func get() throws -> String {
        if let password = try fromFile() { return password }
        guard isatty(STDIN_FILENO) == 1 else {
            throw DomainError(.invalid, "usage", "Give the password with --password-file.")
        }
        guard let first = getpass("Password: ").map({ String(cString: $0) }),
            let second = getpass("Once more: ").map({ String(cString: $0) }), first == second
        else { throw DomainError(.invalid, "password_mismatch", "The two passwords differ.") }
        return first
    }
}

/// What a command tells the running server beside its request.
package enum ControlHeader {
    /// Path of the folder of backups that the command was given, percent-encoded.
    package static let backups = "Appliance-Backups"
}

import ApplianceCore

extension TrialWarnings {
    /// What the owner reads: the exact day with its zone, what happens to the data, and what to do.
    static func message(_ tenant: Tenant, _ reminder: Reminder, now: Instant) -> Outbox.Message {
        let (subject, lines) = words(tenant, reminder, now: now)
        return Outbox.Message(
            tenantID: tenant.id, kind: reminder.kind, anchor: reminder.anchor.description,
            recipient: tenant.ownerEmail, subject: subject,
            body: """
                Hello,

                \(lines)

                Nothing is deleted without your operator, and your owners can export all data as long as they can \
                sign in.
                """)
    }

    private static func words(_ tenant: Tenant, _ reminder: Reminder, now: Instant) -> (String, String) {
        func day(_ end: Instant?) -> String {
            end.map { "\(tenant.lastDay(of: $0)) (\(tenant.timeZone))" } ?? "an open date"
        }
        let name = tenant.name
        let days = daysRemaining(reminder.anchor, tenant.localTime, now)
        let remaining = days == 1 ? "1 day" : "\(days) days"
        let lastDay = tenant.lastDay(of: reminder.anchor)
        switch reminder.kind {
        case "expired":
            return (
                "\(tenant.convertedAt == nil ? "The trial" : "The paid period") of \(name) is over",
                "it ended with \(day(reminder.anchor)). Everything goes on working until \(day(tenant.graceEndsAt)); "
                    + "then \(name) can only be read.\n\nTo go on, ask your operator to activate it."
            )
        case "grace_1d":
            return (
                "\(name) becomes read-only in \(remaining) (\(lastDay))",
                "\(name) can be changed until the end of \(day(reminder.anchor)), and only read from then on.\n\n"
                    + "To go on, ask your operator to activate it."
            )
        case "suspended":
            return (
                "\(name) is suspended",
                "\(name) can be read and exported but not changed. That stays so until "
                    + "\(day(tenant.suspensionEndsAt)).\n\nTo go on, ask your operator to activate it."
            )
        case "cancelled":
            return (
                "\(name) is cancelled",
                "from now on only owners can sign in, to take the data away, until \(day(tenant.deletionDueAt))."
            )
        case "purge_7d", "purge_1d":
            return (
                "The data of \(name) is kept for \(remaining) more (\(lastDay))",
                "the data of \(name) is kept until the end of \(day(reminder.anchor)). After that your operator may "
                    + "delete it.\n\nExport what you need before, or ask your operator to reactivate the shop."
            )
        default:
            return (
                "Your trial of \(name) ends in \(remaining) (\(lastDay))",
                "the trial of \(name) ends with \(day(reminder.anchor)).\n\n"
                    + "To go on, ask your operator to activate the shop."
            )
        }
    }
}

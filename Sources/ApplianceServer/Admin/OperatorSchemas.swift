import HTTPAPI

/// The answers of the operators' routes.
extension AnswerSchema {
    // MARK: - Shops

    /// `invitation` where the owner was invited; `sandboxOf` and `expiresAt` of a clone.
    static let tenant = AnswerSchema(
        "Tenant",
        [
            "id": .text, "slug": .text, "name": .text, "status": .text, "plan": .text, "modules": .list(.text),
            "timeZone": .text, "currency": .text, "ownerEmail": .text.orNull, "trialEndsAt": .instant.orNull,
            "suspendedAt": .instant.orNull, "suspensionReason": .text.orNull, "convertedAt": .instant.orNull,
            "paidUntil": .instant.orNull, "cancelsAt": .instant.orNull, "graceEndsAt": .instant.orNull,
            "suspensionEndsAt": .instant.orNull, "deletionDueAt": .instant.orNull, "logo": .text.orNull,
            "corsOrigins": .list(.text), "refusesSupport": .flag, "createdAt": .instant, "updatedAt": .instant,
            "version": .integer, "storage": .map, "lastSnapshotAt": .instant.orNull, "rights": .map,
            "invitation": .map.orNull, "sandboxOf": .text.orNull, "expiresAt": .instant.orNull,
        ],
        optional: ["storage", "lastSnapshotAt", "rights", "invitation", "sandboxOf", "expiresAt"])

    static let lifecycle = AnswerSchema("Lifecycle", ["states": .list(.map), "moves": .list(.map)])

    static let history = AnswerSchema(
        "TenantHistory",
        ["items": .list(.map), "nextCursor": .text.orNull, "upcoming": .list(.map), "deletionDueAt": .instant.orNull])

    static let trashed = AnswerSchema(
        "DeletedTenant",
        [
            "id": .text, "slug": .text, "name": .text, "status": .text, "deletedAt": .instant.orNull,
            "purgeAt": .instant.orNull, "deletedBy": .text.orNull,
        ])

    static let domain = AnswerSchema("Domain", ["domain": .text])

    // MARK: - Plans, prices, flags

    static let plan = AnswerSchema(
        "Plan",
        [
            "name": .text, "title": .text, "description": .text.orNull, "isOffered": .flag, "prices": .list(.map),
            "features": .list(.text), "limits": .map, "overagePercent": .map, "agents": .list(.text).orNull,
            "support": .text.orNull, "commissionBasisPoints": .integer, "version": .integer, "createdAt": .instant,
            "createdBy": .text, "shops": .list(.map), "versions": .list(.map),
        ], optional: ["shops", "versions"])

    static let planMove = AnswerSchema("PlanMove", ["plan": .map, "moved": .list(.text)])

    static let planChange = AnswerSchema(
        "PlanChange",
        [
            "from": .map, "to": .map, "gains": .list(.text), "loses": .list(.text), "limits": .list(.map),
            "agents": .any, "breaks": .list(.any), "dryRun": .flag,
        ])

    static let price = AnswerSchema(
        "Price", ["item": .text, "amount": .integer, "currency": .text, "validFrom": .instant])

    static let flag = AnswerSchema(
        "FeatureFlag",
        ["name": .text, "description": .text.orNull, "isOn": .flag, "rules": .list(.map), "onFor": .integer])

    static let usageCheck = AnswerSchema(
        "UsageCheck", ["tenant": .text, "ok": .flag, "mismatches": .list(.map), "rebuilt": .flag])

    // MARK: - The appliance

    static let health = AnswerSchema(
        "Health", ["status": .text, "version": .text, "startedAt": .instant, "checks": .map])

    static let check = AnswerSchema(
        "HealthCheck", ["status": .text, "detail": .text, "lastSnapshotAt": .instant.orNull],
        optional: ["detail", "lastSnapshotAt"])

    static let score = AnswerSchema("HealthScore", ["score": .integer, "status": .text, "issues": .list(.map)])
    static let setting = AnswerSchema("Setting", ["key": .text, "value": .text, "default": .text, "help": .text])

    static let identityProvider = AnswerSchema(
        "IdentityProvider",
        [
            "name": .text, "kind": .text, "label": .text, "issuer": .text, "clientId": .text, "audience": .text,
            "enabled": .flag, "createdAt": .instant, "updatedAt": .instant, "callback": .text,
        ])

    static let secrets = AnswerSchema(
        "Secrets", ["sealedAnew": .integer, "current": .integer, "unreadable": .integer, "retiredKeys": .integer])

    static let operatorRoles = AnswerSchema(
        "OperatorRoles", ["roles": .list(.map), "rights": .list(.map), "routes": .list(.map)])

    static let alert = AnswerSchema(
        "Alert",
        [
            "id": .text, "kind": .text, "subject": .text, "message": .text, "remedy": .text, "beganAt": .instant,
            "endedAt": .instant.orNull, "acknowledgedAt": .instant.orNull, "acknowledgedBy": .text.orNull,
        ])

    static let job = AnswerSchema(
        "Job",
        [
            "name": .text, "title": .text, "description": .text, "schedule": .text, "timeZone": .text,
            "nextRunAt": .instant.orNull, "lastRun": .map.orNull,
        ])

    static let run = AnswerSchema(
        "JobRun",
        [
            "id": .text, "job": .text, "dueAt": .instant, "startedAt": .instant.orNull, "finishedAt": .instant.orNull,
            "status": .text, "detail": .text.orNull, "trigger": .text,
        ])

    static let heldMessage = AnswerSchema("HeldMessage", ["id": .text])

    static let outboxMessage = AnswerSchema(
        "OutboxMessage",
        [
            "id": .text, "tenant": .map.orNull, "kind": .text, "recipient": .text, "subject": .text, "body": .text,
            "status": .text, "createdAt": .instant, "heldAt": .instant.orNull, "heldReason": .text.orNull,
            "reviewedAt": .instant.orNull, "reviewedBy": .text.orNull,
        ])

    static let verdict = AnswerSchema("Verdict", ["verdict": .text, "messages": .integer])

    // MARK: - Backups

    static let snapshot = AnswerSchema(
        "Snapshot",
        [
            "id": .text, "createdAt": .instant, "finishedAt": .instant.orNull, "reason": .text, "tenants": .integer,
            "bytes": .integer, "verified": .flag, "verifiedAt": .instant.orNull, "files": .list(.map),
        ], optional: ["files"])

    static let verification = AnswerSchema(
        "Verification",
        [
            "id": .text, "verifiedAt": .instant.orNull, "ok": .flag, "files": .integer, "bytes": .integer,
            "problems": .list(.any), "verified": .flag, "seconds": .number,
        ])

    static let prune = AnswerSchema("Prune", ["items": .list(.map), "dryRun": .flag, "removed": .any])

    static let recoveryReport = AnswerSchema(
        "RecoveryReport",
        ["items": .list(.map), "nextCursor": .text.orNull, "at": .instant, "ok": .flag, "promise": .map, "usual": .any])

    static let drill = AnswerSchema(
        "Drill",
        ["id": .text, "tenantId": .text, "at": .instant, "ok": .flag, "problem": .text.orNull, "tenant": .text],
        optional: ["id", "at"])

    static let drills = AnswerSchema("Drills", ["items": .list(.object(drill))])

    static let restore = AnswerSchema(
        "Restore",
        [
            "id": .text, "kind": .text, "whole": .flag, "restoredAt": .instant, "state": .text,
            "undoUntil": .instant.orNull, "databases": .list(.map),
        ])

    /// The plan where it was asked for with `dryRun`; else what was restored.
    static let restored = AnswerSchema(
        "Restored", ["plan": .map, "restored": .list(.map)], optional: ["plan", "restored"])

    static let recordsBack = AnswerSchema("RecordsBack", ["records": .map])

    static let restorePoints = AnswerSchema(
        "RestorePoints",
        [
            "days": .integer, "from": .instant.orNull, "to": .instant.orNull, "snapshots": .list(.map),
            "restores": .list(.map),
        ])

    static let erasure = AnswerSchema(
        "Erasure",
        [
            "id": .text, "tenantId": .text, "collection": .text, "recordId": .text, "pseudonym": .text, "at": .instant,
            "tenant": .text.orNull, "inBackupsUntil": .instant.orNull,
        ])
}

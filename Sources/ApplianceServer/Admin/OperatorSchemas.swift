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
            "version": .integer,
            "storage": .object(AnswerSchema("Storage", ["state": .text, "reason": .text.orNull, "bytes": .integer])),
            "lastSnapshotAt": .instant.orNull, "rights": .object(rights), "invitation": .object(link).orNull,
            "sandboxOf": .text.orNull, "expiresAt": .instant.orNull,
        ],
        optional: ["storage", "lastSnapshotAt", "rights", "invitation", "sandboxOf", "expiresAt"])

    static let lifecycle = AnswerSchema(
        "Lifecycle",
        [
            "states": .list(.object(AnswerSchema("TenantState", ["name": .text, "rights": .object(rights)]))),
            "moves": .list(
                .object(
                    AnswerSchema(
                        "TenantMove",
                        [
                            "name": .text, "from": .list(.text), "to": .list(.text), "by": .text, "needsReason": .flag,
                            "text": .text,
                        ]))),
        ])

    static let history = AnswerSchema(
        "TenantHistory",
        [
            "items": .list(.object(auditEvent)), "nextCursor": .text.orNull,
            "upcoming": .list(
                .object(AnswerSchema("TenantStep", ["move": .text, "at": .instant, "from": .text, "to": .text]))),
            "deletionDueAt": .instant.orNull,
        ])

    static let trashed = AnswerSchema(
        "DeletedTenant",
        [
            "id": .text, "slug": .text, "name": .text, "status": .text, "deletedAt": .instant.orNull,
            "purgeAt": .instant.orNull, "deletedBy": .text.orNull,
        ])

    static let domain = AnswerSchema("Domain", ["domain": .text])

    // MARK: - Plans, prices, flags

    private static let planVersion = planText.adding("PlanVersion", ["createdAt": .instant, "createdBy": .text])

    /// `shops`: how many have which version.
    static let plan = planVersion.adding(
        "Plan",
        [
            "shops": .list(.object(AnswerSchema("PlanShops", ["version": .integer, "count": .integer]))),
            "versions": .list(.object(planVersion)),
        ], optional: ["shops", "versions"])

    static let planMove = AnswerSchema("PlanMove", ["plan": .object(planName), "moved": .list(.text)])

    static let planChange = AnswerSchema(
        "PlanChange",
        [
            "from": .object(planName), "to": .object(planName), "gains": .list(.text), "loses": .list(.text),
            "limits": .list(
                .object(
                    AnswerSchema(
                        "LimitChange",
                        [
                            "limit": .text, "from": .integer.orNull, "to": .integer.orNull, "used": .integer.orNull,
                            "breaks": .flag,
                        ]))),
            "agents": .list(.text).orNull, "breaks": .list(.text), "dryRun": .flag,
        ])

    static let price = AnswerSchema(
        "Price", ["item": .text, "amount": .integer, "currency": .text, "validFrom": .instant])

    static let flag = AnswerSchema(
        "FeatureFlag",
        [
            "name": .text, "description": .text.orNull, "isOn": .flag,
            "rules": .list(
                .object(
                    AnswerSchema(
                        "FeatureFlagRule",
                        [
                            "tenant": .text, "plan": .text, "isOn": .flag, "from": .instant.orNull,
                            "until": .instant.orNull,
                        ], optional: ["tenant", "plan"]))),
            "onFor": .integer,
        ])

    static let usageCheck = AnswerSchema(
        "UsageCheck",
        [
            "tenant": .text, "ok": .flag,
            "mismatches": .list(
                .object(
                    AnswerSchema(
                        "UsageMismatch",
                        ["counter": .text, "meter": .text, "counted": .integer, "events": .integer]))),
            "rebuilt": .flag,
        ])

    // MARK: - The appliance

    static let health = AnswerSchema(
        "Health",
        [
            "status": .text, "version": .text, "startedAt": .instant,
            "checks": .object(
                AnswerSchema(
                    "HealthChecks",
                    ["database": .object(check), "cache": .object(check), "backups": .object(check)])),
        ])

    static let check = AnswerSchema(
        "HealthCheck",
        ["status": .text, "detail": .text, "lastSnapshotAt": .instant.orNull, "logBehindSince": .instant],
        optional: ["detail", "lastSnapshotAt", "logBehindSince"])

    static let score = AnswerSchema(
        "HealthScore",
        [
            "score": .integer, "status": .text,
            "issues": .list(
                .object(
                    AnswerSchema(
                        "HealthIssue", ["severity": .text, "code": .text, "message": .text, "remedy": .text]))),
        ])

    /// `p50`, `p95` and `p99` in milliseconds, of the last hour; `history` by minutes.
    static let metrics = AnswerSchema(
        "Metrics",
        [
            "requestsPerMinute": .integer, "p50": .number, "p95": .number, "p99": .number, "errorRate": .number,
            "history": .list(
                .object(
                    AnswerSchema(
                        "MetricsMinute",
                        ["at": .instant, "requests": .integer, "errors": .integer, "p95": .number]))),
            "uptimeSeconds": .integer, "memoryBytes": .integer, "cpuSeconds": .number, "openDescriptors": .integer,
            "openTenants": .integer, "tenants": .integer, "diskFreeBytes": .integer, "commits": .integer,
            "writes": .integer, "activeUsers": .integer,
        ])

    static let setting = AnswerSchema("Setting", ["key": .text, "value": .text, "default": .text, "help": .text])

    static let identityProvider = AnswerSchema(
        "IdentityProvider",
        [
            "name": .text, "kind": .text, "label": .text, "issuer": .text, "clientId": .text, "audience": .text,
            "enabled": .flag, "createdAt": .instant, "updatedAt": .instant, "callback": .text,
        ])

    /// `keys`: how many it signs with, of one that signs.
    static let providerCheck = AnswerSchema(
        "ProviderCheck",
        [
            "name": .text, "authorizationEndpoint": .text, "tokenEndpoint": .text, "callback": .text, "keys": .integer,
        ], optional: ["keys"])

    static let setupLink = AnswerSchema("SetupLink", ["token": .text])

    /// A shop's folder, written.
    static let takenAway = AnswerSchema(
        "TakenAway", ["tenant": .text, "into": .text, "files": .integer, "bytes": .integer, "contentHash": .text])

    static let secrets = AnswerSchema(
        "Secrets", ["sealedAnew": .integer, "current": .integer, "unreadable": .integer, "retiredKeys": .integer])

    static let operatorRoles = AnswerSchema(
        "OperatorRoles",
        [
            "roles": .list(.object(AnswerSchema("OperatorRole", ["name": .text, "rights": .list(.text)]))),
            "rights": .list(.object(AnswerSchema("OperatorRight", ["name": .text, "text": .text]))),
            "routes": .list(
                .object(
                    AnswerSchema(
                        "OperatorRoute", ["method": .text, "path": .text, "summary": .text, "right": .text]))),
        ])

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
            "nextRunAt": .instant.orNull, "lastRun": .object(run).orNull,
        ])

    static let run = AnswerSchema(
        "JobRun",
        [
            "id": .text, "job": .text, "dueAt": .instant, "startedAt": .instant.orNull, "finishedAt": .instant.orNull,
            "status": .text, "detail": .text.orNull, "trigger": .text,
        ])

    static let heldMessage = AnswerSchema(
        "HeldMessage",
        [
            "id": .text, "kind": .text, "recipient": .text, "subject": .text, "createdAt": .instant,
            "heldAt": .instant.orNull, "reason": .text.orNull,
        ])

    static let outboxMessage = AnswerSchema(
        "OutboxMessage",
        [
            "id": .text, "tenant": .object(shop).orNull, "kind": .text, "recipient": .text, "subject": .text,
            "body": .text,
            "status": .text, "createdAt": .instant, "heldAt": .instant.orNull, "heldReason": .text.orNull,
            "reviewedAt": .instant.orNull, "reviewedBy": .text.orNull,
        ])

    static let verdict = AnswerSchema("Verdict", ["verdict": .text, "messages": .integer])
}

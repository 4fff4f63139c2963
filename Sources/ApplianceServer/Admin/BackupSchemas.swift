import HTTPAPI

/// The answers about snapshots, what could be restored and what was.
extension AnswerSchema {
    // MARK: - Snapshots

    private static let proof = AnswerSchema(
        "Proof",
        [
            "id": .text, "verifiedAt": .instant.orNull, "ok": .flag, "files": .integer, "bytes": .integer,
            "problems": .list(.object(AnswerSchema("ProofProblem", ["path": .text, "reason": .text]))),
        ])

    static let verification = proof.adding("Verification", ["verified": .flag, "seconds": .number])

    private static let snapshotTenant = AnswerSchema(
        "SnapshotTenant", ["id": .text, "slug": .text, "name": .text])

    /// `rows`: how many each table has.
    private static let snapshotFile = AnswerSchema(
        "SnapshotFile",
        [
            "path": .text, "tenant": .object(snapshotTenant).orNull, "takenAt": .instant, "bytes": .integer,
            "storedBytes": .integer, "sha256": .text, "storedSha256": .text, "schemaVersion": .integer,
            "rows": .map(of: .integer), "contentHash": .text.orNull, "uploads": .integer, "uploadBytes": .integer,
            "linked": .flag, "linkedFrom": .text.orNull,
        ])

    /// What the manifest would tell is null where that cannot be believed: then `problem` says why.
    static let snapshot = AnswerSchema(
        "Snapshot",
        [
            "id": .text, "createdAt": .instant, "finishedAt": .instant.orNull, "reason": .text.orNull,
            "tenants": .integer.orNull, "linked": .integer.orNull,
            "failures": .list(
                .object(AnswerSchema("SnapshotFailure", ["tenantId": .text, "tenant": .text, "reason": .text]))),
            "bytes": .integer.orNull, "seconds": .number.orNull, "storedBytes": .integer.orNull,
            "uploads": .integer.orNull, "uploadBytes": .integer.orNull, "verified": .flag,
            "verifiedAt": .instant.orNull, "applianceVersion": .text.orNull, "problem": .text.orNull,
            "sqliteVersion": .text.orNull, "files": .list(.object(snapshotFile)), "verification": .object(proof).orNull,
        ], optional: ["sqliteVersion", "files", "verification"])

    /// `log`, of a dry run: the chains of the change log.
    static let prune = AnswerSchema(
        "Prune",
        [
            "items": .list(
                .object(
                    AnswerSchema(
                        "PruneDecision",
                        ["id": .text, "createdAt": .instant, "kept": .flag, "reasons": .list(.text)]))),
            "dryRun": .flag, "keep": .text, "restoreWindow": .text, "removed": .list(.text),
            "log": .list(
                .object(span.adding("LogDecision", ["tenant": .text, "kept": .flag, "reason": .text.orNull]))),
        ], optional: ["log"])

    // MARK: - What could be restored

    private static let span = AnswerSchema("Span", ["from": .instant, "to": .instant])

    private static let promise = AnswerSchema(
        "RecoveryPromise", ["recoveryPointSeconds": .integer, "recoveryTimeSeconds": .integer])

    private static let drillResult = AnswerSchema(
        "DrillResult",
        [
            "id": .text, "tenantId": .text, "at": .instant, "source": .text, "stateAt": .instant, "bytes": .integer,
            "seconds": .number, "ok": .flag, "problem": .text.orNull,
        ], optional: ["id", "at", "source", "stateAt", "bytes", "seconds"])

    /// Of a shop that no snapshot holds yet only `problem` is told.
    static let drill = drillResult.adding("Drill", ["tenant": .text])
    static let drills = AnswerSchema("Drills", ["items": .list(.object(drill))])

    private static let recovery = AnswerSchema(
        "Recovery",
        [
            "tenantId": .text, "tenant": .text, "name": .text, "bytes": .integer, "restorableFrom": .instant.orNull,
            "restorableTo": .instant.orNull, "snapshots": .object(span).orNull, "log": .list(.object(span)),
            "logging": .flag, "gaps": .list(.object(span.adding("Gap", ["reason": .text]))),
            "provedAt": .instant.orNull, "wouldLoseSeconds": .number, "recoveryPointSeconds": .number,
            "recoveryTimeSeconds": .number.orNull, "drill": .object(drillResult).orNull, "ok": .flag,
            "breaches": .list(.text),
            "erasures": .object(
                AnswerSchema(
                    "ErasuresInBackups", ["count": .integer, "lastAt": .instant, "inBackupsUntil": .instant.orNull])
            ).orNull,
            "held": .integer,
        ])

    static let recoveryReport = AnswerSchema(
        "RecoveryReport",
        [
            "items": .list(.object(recovery)), "nextCursor": .text.orNull, "at": .instant, "ok": .flag,
            "promise": .object(promise), "usual": .object(promise),
        ])

    static let restorePoints = AnswerSchema(
        "RestorePoints",
        [
            "days": .integer, "from": .instant.orNull, "to": .instant.orNull,
            "snapshots": .list(
                .object(
                    AnswerSchema("RestorePoint", ["createdAt": .instant, "seconds": .number, "verified": .flag]))),
            "restores": .list(
                .object(
                    AnswerSchema(
                        "OwnRestore", ["restoredAt": .instant, "at": .instant, "kind": .text, "state": .text]))),
        ])

    // MARK: - What a restore would do

    private static let planned = snapshotTenant.adding(
        "RestorePlanTenant",
        [
            "snapshot": .text.orNull, "path": .text.orNull,
            "log": .object(AnswerSchema("LogUse", ["files": .integer, "bytes": .integer])).orNull, "at": .instant,
            "behindSeconds": .integer, "bytes": .integer, "storedBytes": .integer, "rows": .map(of: .integer).orNull,
            "erasures": .integer, "live": .object(AnswerSchema("LiveFile", ["state": .text, "bytes": .integer])),
        ])

    /// `values`: what the record has in its fields.
    private static let sampleRecord = AnswerSchema("SampleRecord", ["id": .text, "values": fieldValues])
    private static let fieldValues = AnswerValue.map(of: .free("The value of a field"))

    private static let sample = AnswerSchema(
        "RestoreSample",
        [
            "removes": .list(.object(sampleRecord)), "bringsBack": .list(.object(sampleRecord)),
            "changes": .list(
                .object(
                    AnswerSchema(
                        "SampleChange",
                        ["id": .text, "fields": .list(.text), "now": fieldValues, "then": fieldValues]))),
        ])

    private static let diff = AnswerSchema(
        "RestoreDiff",
        [
            "tenant": .text, "tenantId": .text.orNull, "at": .instant, "expectedSeconds": .number,
            "collections": .list(
                .object(
                    AnswerSchema(
                        "CollectionDiff",
                        [
                            "collection": .text, "removes": .integer, "bringsBack": .integer, "changes": .integer,
                            "sample": .object(sample),
                        ]))),
            "unchanged": .list(.text), "problem": .text.orNull,
        ])

    /// `range`: from when to when the change log gives a single shop to the second; `diff` where it was asked for.
    private static let restorePlan = AnswerSchema(
        "RestorePlan",
        [
            "whole": .flag, "undo": .flag, "confirm": .text, "source": .text, "snapshot": .text.orNull,
            "at": .instant.orNull, "behindSeconds": .integer.orNull, "bytes": .integer, "expectedSeconds": .number,
            "erasures": .integer, "into": .text.orNull, "as": .text.orNull, "tenants": .list(.object(planned)),
            "retired": .list(.text), "notes": .list(.text), "steps": .list(.text), "range": .object(span),
            "diff": .list(.object(diff)),
        ], optional: ["range", "diff"])

    // MARK: - What was restored

    static let restore = AnswerSchema(
        "Restore",
        [
            "id": .text, "kind": .text, "whole": .flag, "restoredAt": .instant, "state": .text,
            "undoUntil": .instant.orNull,
            "databases": .list(
                .object(
                    AnswerSchema(
                        "RestoredDatabase",
                        [
                            "tenant": .text, "tenantId": .text.orNull, "kind": .text, "at": .instant, "source": .text,
                            "state": .text, "undo": .text.orNull, "undoBytes": .integer, "undoneAt": .instant.orNull,
                            "undoneBy": .text.orNull,
                        ]))),
        ])

    /// `of` and `ofId`: whose past became a shop of its own; without them it was `restore`.
    private static let outcome = AnswerSchema(
        "RestoreOutcome",
        [
            "restore": .text, "tenant": .text, "tenantId": .text.orNull, "of": .text, "ofId": .text,
            "snapshot": .text.orNull, "at": .instant, "seconds": .number, "undo": .text.orNull, "erasures": .integer,
            "held": .integer,
        ], optional: ["restore", "of", "ofId"])

    /// The plan where it was asked for with `dryRun`; else what was restored.
    static let restored = AnswerSchema(
        "Restored", ["plan": .object(restorePlan), "id": .text.orNull, "restored": .list(.object(outcome))],
        optional: ["plan", "id", "restored"])

    static let recordsBack = AnswerSchema(
        "RecordsBack",
        [
            "records": .object(
                AnswerSchema(
                    "RecordMerge",
                    [
                        "broughtBack": .integer, "replaced": .integer, "unchanged": .integer,
                        "conflicts": .list(
                            .object(
                                AnswerSchema(
                                    "RecordConflict",
                                    ["id": .text, "reason": .text, "fields": .list(.text), "message": .text]))),
                        "conflictCount": .integer, "ids": .list(.text), "tenant": .text, "tenantId": .text,
                        "collection": .text, "at": .instant, "dryRun": .flag, "onConflict": .text,
                        "madeAndDeleted": .list(.text),
                    ], optional: ["madeAndDeleted"]))
        ])

    /// `inBackupsUntil` where the rules of keeping say so.
    static let listedErasure = erasure.adding(
        "ListedErasure", ["tenant": .text.orNull, "inBackupsUntil": .instant.orNull])
}

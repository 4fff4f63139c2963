import ApplianceCore
package import CollectionKit
package import Storage

/// `system.sqlite`, the control plane: what is about tenants rather than inside one.
package enum SystemDatabase {
    /// `APPS` in ASCII.
    package static let schema = DatabaseSchema(
        applicationID: 0x4150_5053,
        migrations: [
            .init("first", first + AuditTrail.baseSQL), .init("trash", trash), .init("drills", drills),
            .init("sandboxes", sandboxes),
            .init("audit chain", AuditTrail.secondSQL), .init("alerts", Alerts.schema),
            .init("idempotency", Idempotency.baseSQL), .init("lifecycle", lifecycle),
            .init("links", ResetLinkStore.baseSQL + Outbox.linkSQL),
            .init("plans", PlanStore.schema),
            .init(
                "console", console + ActAs.schema + Settings.schema + LegalTexts.schema + Tenants.domainSchema),
            .init("usage", UsageService.schema + PriceBook.schema + FlagStore.schema),
            .init("second factors", SecondFactorStore.baseSQL),
            .init("sign-in limits", SignInFailureStore.baseSQL + AddressLimits.schema + SigningKeyStore.schema),
            .init("account index", AccountIndex.schema),
            .init("identity providers", IdentityProvider.schema + IdentityLinkStore.baseSQL),
            .init("held mail and erasures", Outbox.heldSQL + ErasureLedger.schema),
            .init("own collections of plans", PlanStore.ownCollections),
        ],
        invariants: AuditTrail.invariants,
        standing: StandingRows(
            replaced: [
                "sessions", "setupLinks", "resetLinks", "secondFactors", "recoveryCodes", "signInFailures",
                "addressLimits", "signingKeys", "actAs", "identityProviders", "identityLinks",
            ],
            // What was sent, held or discarded stays so, and nobody who was erased is forgotten to be.
            merged: ["operators", "outbox", "wholeRestores", "erasures"],
            emptied: ["sessions", "setupLinks", "resetLinks", "actAs"]))

    private static let first = """
        CREATE TABLE operators (
            id TEXT PRIMARY KEY NOT NULL, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL,
            passwordHash TEXT NOT NULL, status TEXT NOT NULL, createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE setupLinks (
            tokenHash TEXT PRIMARY KEY NOT NULL, createdAt TEXT NOT NULL, expiresAt TEXT NOT NULL, usedAt TEXT
        ) STRICT;
        CREATE TABLE tenants (
            id TEXT PRIMARY KEY NOT NULL, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, status TEXT NOT NULL,
            plan TEXT NOT NULL, modules TEXT NOT NULL, timeZone TEXT NOT NULL, currency TEXT NOT NULL,
            ownerEmail TEXT NOT NULL, trialEndsAt TEXT, suspendedAt TEXT, suspensionReason TEXT,
            createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL, version INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX tenants_trial ON tenants (status, trialEndsAt);
        CREATE TABLE outbox (
            id TEXT PRIMARY KEY NOT NULL, tenantId TEXT NOT NULL, kind TEXT NOT NULL, anchor TEXT NOT NULL,
            recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL,
            createdAt TEXT NOT NULL, UNIQUE (tenantId, kind, anchor, recipient)
        ) STRICT;
        CREATE TABLE scheduleRuns (
            id TEXT PRIMARY KEY NOT NULL, job TEXT NOT NULL, dueAt TEXT NOT NULL, startedAt TEXT NOT NULL,
            finishedAt TEXT, status TEXT NOT NULL, detail TEXT NOT NULL, triggeredBy TEXT NOT NULL
        ) STRICT;
        CREATE INDEX scheduleRuns_job ON scheduleRuns (job, id);
        """ + SessionStore.baseSQL

    /// The dates behind a trial's end. A trial that is over already gets its days of grace from now on.
    private static let lifecycle = """
        ALTER TABLE tenants ADD COLUMN convertedAt TEXT;
        ALTER TABLE tenants ADD COLUMN paidUntil TEXT;
        ALTER TABLE tenants ADD COLUMN cancelsAt TEXT;
        ALTER TABLE tenants ADD COLUMN graceEndsAt TEXT;
        ALTER TABLE tenants ADD COLUMN suspensionEndsAt TEXT;
        ALTER TABLE tenants ADD COLUMN deletionDueAt TEXT;
        UPDATE tenants SET convertedAt = createdAt WHERE status = 'active';
        UPDATE tenants SET graceEndsAt =
            strftime('%Y-%m-%dT%H:%M:%fZ', max(trialEndsAt, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), '+7 days')
            WHERE status = 'trialing' AND trialEndsAt IS NOT NULL;
        UPDATE tenants SET suspensionEndsAt = strftime('%Y-%m-%dT%H:%M:%fZ', graceEndsAt, '+30 days'),
            deletionDueAt = strftime('%Y-%m-%dT%H:%M:%fZ', graceEndsAt, '+90 days')
            WHERE graceEndsAt IS NOT NULL;
        """

    /// What shops are to the outside, and what operators may do.
    private static let console = """
        ALTER TABLE tenants ADD COLUMN logoFileId TEXT;
        ALTER TABLE tenants ADD COLUMN corsOrigins TEXT;
        ALTER TABLE tenants ADD COLUMN isSupportRefused TEXT;
        ALTER TABLE operators ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';
        """

    /// Deleted shops: their rows as JSON text, until they are purged.
    private static let trash = """
        CREATE TABLE trash (
            id TEXT PRIMARY KEY NOT NULL, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, record TEXT NOT NULL,
            deletedAt TEXT NOT NULL, purgeAt TEXT NOT NULL, deletedBy TEXT NOT NULL
        ) STRICT;
        CREATE INDEX trash_purge ON trash (purgeAt);
        """

    /// Copies of shops that are gone by themselves.
    private static let sandboxes = """
        CREATE TABLE sandboxes (
            tenantId TEXT PRIMARY KEY NOT NULL, sourceId TEXT NOT NULL, expiresAt TEXT NOT NULL
        ) STRICT;
        """

    /// What restoring a shop from its backup took and brought, night after night.
    private static let drills = """
        CREATE TABLE drills (
            id TEXT PRIMARY KEY NOT NULL, tenantId TEXT NOT NULL, at TEXT NOT NULL, source TEXT NOT NULL,
            stateAt TEXT NOT NULL, bytes INTEGER NOT NULL, milliseconds INTEGER NOT NULL, problem TEXT
        ) STRICT;
        CREATE INDEX drills_tenant ON drills (tenantId, id);
        """
}

/// A tenant's file: users and sessions, the audit log, and the tables of every collection.
package enum TenantSchema {
    /// `APPT` in ASCII.
    package static let applicationID: Int32 = 0x4150_5054

    /// People, what they may do and their credentials, and the log of what was used: quotas and bills hold through a
    /// restore.
    private static let standing = StandingRows(
        replaced: [
            "sessions", "resetLinks", "apiKeys", "secondFactors", "recoveryCodes", "signInFailures", "meterPeriods",
            "reservations", "usageHours", "usageDays", "usageNotices", "identityLinks",
        ],
        merged: ["users", "roles", "invitations", "legalAcceptances"], appended: ["usageEvents"],
        emptied: ["sessions", "resetLinks"])

    package static func schema(_ catalog: CollectionCatalog) -> DatabaseSchema {
        let collections = catalog.collections
        return DatabaseSchema(
            applicationID: applicationID,
            migrations: [
                .init(
                    "first", UserStore.baseSQL + SessionStore.baseSQL + AuditTrail.baseSQL + CollectionSchema.baseSQL),
                .init("identity", "CREATE TABLE identity (tenantId TEXT PRIMARY KEY NOT NULL) STRICT;"),
                .init("collections complete", CollectionSchema.secondSQL + AuditTrail.secondSQL),
                .init("files", UploadedFile.baseSQL),
                .init("links", InvitationStore.baseSQL + ResetLinkStore.baseSQL),
                .init("search by rows", SearchIndex.baseSQL),
                .init("legal", LegalTexts.acceptanceSchema),
                .init("usage", UsageSchema.baseSQL),
                .init("api keys", APIKeyStore.baseSQL), .init("second factors", SecondFactorStore.baseSQL),
                .init("sign-in failures", SignInFailureStore.baseSQL),
                .init("identity links", IdentityLinkStore.baseSQL), .init("roles", RoleStore.baseSQL),
                .init("own collections", OwnCollections.baseSQL),
                .init("erasures", RecordErasure.baseSQL),
            ],
            invariants: AuditTrail.invariants + collections.flatMap(\.invariants),
            owner: .init("identity", table: "identity", violations: "SELECT tenantId FROM identity"),
            contents: UploadedFile.contents, standing: standing,
            synchronize: CollectionSchema.synchronizer(collections),
            prepareWriter: { db in try SearchIndex.watch(db, collections) },
            beforeCommit: { db, changes in try SearchIndex.update(db, changes, catalog: catalog) },
            renew: { db in try SearchIndex.renew(db, collections) },
            recognizes: { SearchIndex.isOurs($0) || Collection.isOwnTrigger($0) })
    }
}

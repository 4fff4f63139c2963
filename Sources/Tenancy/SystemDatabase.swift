import ApplianceCore
package import CollectionKit
package import Storage

/// `system.sqlite`, the control plane: what is about tenants rather than inside one.
package enum SystemDatabase {
    /// `APPS` in ASCII.
    package static let schema = DatabaseSchema(
        applicationID: 0x4150_5053, migrations: [.init("first", first + AuditTrail.baseSQL)])

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
}

/// A tenant's file: users and sessions, the audit log, and the tables of every collection.
package enum TenantSchema {
    /// `APPT` in ASCII.
    package static let applicationID: Int32 = 0x4150_5054

    package static func schema(_ catalog: CollectionCatalog) -> DatabaseSchema {
        let collections = catalog.collections
        return DatabaseSchema(
            applicationID: applicationID,
            migrations: [
                .init("first", UserStore.baseSQL + SessionStore.baseSQL + AuditTrail.baseSQL + CollectionSchema.baseSQL)
            ],
            synchronize: { db in try CollectionSchema.synchronize(db, collections) })
    }
}

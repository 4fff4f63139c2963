import Tenancy

/// The answers of routes that no collection stands behind: people, credentials, the shop, its log and its files.
extension AnswerSchema {
    // MARK: - Signing in

    /// `operatorRole` of an operator. Of whoever has a role that the shop defined also `roleTitle`, `baseRole`, and
    /// what it `may` do with each collection.
    static let principal = AnswerSchema(
        "Principal",
        [
            "id": .text, "email": .text, "name": .text, "role": .text, "operatorRole": .text, "roleTitle": .text,
            "baseRole": .text, "may": .map(of: .list(.text)),
        ], optional: ["operatorRole", "roleTitle", "baseRole", "may"])

    /// What a shop's people should know of how it stands.
    static let notice = AnswerSchema(
        "Notice", ["kind": .text, "until": .instant.orNull, "text": .text, "reason": .text.orNull])

    /// A shop as its own people see it.
    package static let shop = AnswerSchema(
        "ShopBrief",
        [
            "id": .text, "slug": .text, "name": .text, "status": .text, "timeZone": .text, "currency": .text,
            "modules": .list(.text), "logo": .text.orNull, "notice": .object(notice).orNull,
        ])

    static let signIn = AnswerSchema(
        "SignIn",
        [
            "token": .text, "expiresAt": .instant, "csrfToken": .text, "user": .object(principal),
            "tenant": .object(shop).orNull,
        ])

    /// A second step is needed: a code, or which shop is meant.
    static let signInStep = AnswerSchema(
        "SignInStep",
        [
            "challenge": .text, "expiresAt": .instant, "needs": .text,
            "shops": .list(.object(AnswerSchema("ShopChoice", ["slug": .text, "name": .text]))),
        ], optional: ["shops"])

    static let me = AnswerSchema(
        "Me",
        ["user": .object(principal), "tenant": .object(shop).orNull, "csrfToken": .text, "expiresAt": .instant.orNull])

    static let door = AnswerSchema(
        "SignInPage",
        [
            "shop": .object(AnswerSchema("ShopDoor", ["slug": .text, "name": .text, "logo": .text.orNull])).orNull,
            "signup": .flag, "termsVersion": .integer,
        ])

    static let message = AnswerSchema("Message", ["message": .text])
    package static let link = AnswerSchema("Link", ["link": .text, "expiresAt": .instant])

    static let invited = AnswerSchema(
        "Invited",
        [
            "email": .text, "name": .text, "role": .text, "expiresAt": .instant,
            "tenant": .object(AnswerSchema("ShopName", ["slug": .text, "name": .text])),
        ])

    static let session = AnswerSchema(
        "Session",
        [
            "id": .text, "createdAt": .instant, "expiresAt": .instant, "address": .text, "userAgent": .text,
            "isCurrent": .flag,
        ])

    static let ended = AnswerSchema("EndedSessions", ["ended": .integer])
    static let secondFactor = AnswerSchema("SecondFactor", ["isOn": .flag, "recoveryCodesLeft": .integer])
    static let enrolment = AnswerSchema("Enrolment", ["secret": .text, "uri": .text])
    static let recoveryCodes = AnswerSchema("RecoveryCodes", ["recoveryCodes": .list(.text)])
    static let providerChoice = AnswerSchema("ProviderChoice", ["name": .text, "label": .text, "kind": .text])

    static let identity = AnswerSchema(
        "Identity",
        ["id": .text, "issuer": .text, "subject": .text, "createdAt": .instant, "usedAt": .instant.orNull])

    static let signedUp = AnswerSchema("SignedUp", ["tenant": .object(shop)])

    // MARK: - People and credentials

    /// A user of a shop, or an operator.
    package static let user = AnswerSchema(
        "User",
        ["id": .text, "email": .text, "name": .text, "role": .text, "status": .text, "createdAt": .instant])

    static let invitation = AnswerSchema(
        "Invitation",
        [
            "id": .text, "email": .text, "name": .text, "role": .text, "status": .text, "createdAt": .instant,
            "expiresAt": .instant, "link": .text,
        ], optional: ["link"])

    /// `collections`: what may be done with each.
    private static let ownRole = AnswerSchema(
        "OwnRole", ["name": .text, "title": .text, "base": .text, "collections": .map(of: .list(.text))])

    static let role = ownRole.adding(
        "Role", ["users": .integer, "invitations": .integer, "createdAt": .instant, "updatedAt": .instant])

    /// With the key itself once, when it is made.
    static let key = AnswerSchema(
        "APIKey",
        [
            "id": .text, "name": .text, "start": .text, "role": .text, "scopes": .list(.text), "status": .text,
            "createdAt": .instant, "createdBy": .text, "expiresAt": .instant.orNull, "lastUsedAt": .instant.orNull,
            "revokedAt": .instant.orNull, "key": .text,
        ], optional: ["key"])

    package static let signingKey = AnswerSchema(
        "SigningKey", ["id": .integer, "createdAt": .instant, "retiredAt": .instant.orNull])

    /// `operations`: by each, the roles that may, and whether with all records or with their own.
    private static let collectionPermissions = AnswerSchema(
        "CollectionPermissions",
        [
            "name": .text, "title": .text, "ownerField": .text.orNull,
            "operations": .map(of: .map(of: .text)),
            "fields": .list(
                .object(
                    AnswerSchema(
                        "FieldPermissions",
                        ["name": .text, "title": .text, "read": .list(.text), "write": .list(.text)]))),
        ])

    static let permissions = AnswerSchema(
        "Permissions",
        [
            "roles": .list(.text), "own": .list(.object(ownRole)), "collections": .list(.object(collectionPermissions)),
            "routes": .list(
                .object(
                    AnswerSchema(
                        "RoutePermissions",
                        ["method": .text, "path": .text, "summary": .text, "roles": .list(.text)]))),
        ])

    // MARK: - The shop

    /// What the state of a shop allows.
    package static let rights = AnswerSchema(
        "Rights", ["readers": .text, "isWritable": .flag, "isPublic": .flag, "isAnnounced": .flag])

    private static let supporter = AnswerSchema(
        "Supporter",
        ["id": .text, "operator": .text, "reason": .text, "until": .instant, "isWritable": .flag])

    static let wholeShop = shop.adding(
        "Shop",
        [
            "rights": .object(rights), "supporters": .list(.object(supporter)),
            "termsDue": .list(.object(legalVersion)), "termsVersion": .integer, "refusesSupport": .flag,
            "logoFileId": .text.orNull, "corsOrigins": .list(.text), "domains": .list(.text),
        ])

    package static let actAs = AnswerSchema(
        "ActAs",
        [
            "id": .text, "operatorId": .text, "operatorEmail": .text, "tenantId": .text, "reason": .text,
            "isWritable": .flag, "startedAt": .instant, "expiresAt": .instant, "endedAt": .instant.orNull,
        ])

    private static let legalVersion = AnswerSchema(
        "LegalVersion",
        ["kind": .text, "version": .integer, "publishedAt": .instant.orNull, "publishedBy": .text])

    package static let legalText = legalVersion.adding("LegalText", ["body": .text])
    static let legalTexts = AnswerSchema("LegalTexts", ["items": .list(.object(legalText))])
    static let due = AnswerSchema("TermsDue", ["due": .list(.object(legalVersion))])

    // MARK: - Plan and usage

    /// As `POST /api/admin/plans` takes it, with the number of its version.
    package static let planText = AnswerSchema(
        "PlanText",
        [
            "name": .text, "title": .text, "description": .text.orNull, "isOffered": .flag,
            "prices": .list(
                .object(AnswerSchema("PlanPrice", ["amount": .integer, "currency": .text, "interval": .text]))),
            "features": .list(.text), "limits": .object(planLimits), "overagePercent": .object(overage),
            "agents": .list(.text).orNull, "support": .text.orNull, "commissionBasisPoints": .integer,
            "version": .integer,
        ])

    private static let planLimits = AnswerSchema(
        "PlanLimits", members: PlanLimit.allCases.map { ($0.rawValue, .integer.orNull) })

    private static let overage = AnswerSchema(
        "Overage", members: PlanLimit.allCases.filter { $0.kind == .period }.map { ($0.rawValue, .integer) },
        optional: PlanLimit.allCases.map(\.rawValue))

    package static let planName = AnswerSchema("PlanName", ["name": .text, "version": .integer, "title": .text])
    private static let period = AnswerSchema("Period", ["start": .instant, "end": .instant])

    private static let standing = AnswerSchema(
        "Standing",
        ["limit": .text, "allowed": .integer.orNull, "used": .integer.orNull, "remaining": .integer.orNull])

    package static let subscription = AnswerSchema(
        "Subscription",
        [
            "plan": .object(planText), "status": .text, "trialEndsAt": .instant.orNull, "anchor": .text.orNull,
            "changedAt": .instant.orNull, "period": .object(period), "renewsAt": .instant.orNull,
            "limits": .list(.object(standing.adding("LimitUse", ["resetsAt": .instant.orNull]))),
            "upgradeUrl": .text.orNull,
        ])

    private static let usageLine = AnswerSchema(
        "UsageLine", ["name": .text, "quantity": .integer, "cost": .integer])

    private static let meter = AnswerSchema(
        "Meter",
        [
            "meter": .text, "limit": .integer.orNull, "ceiling": .integer.orNull, "used": .integer,
            "reserved": .integer, "cost": .integer, "remaining": .integer.orNull, "resetsAt": .instant,
            "days": .list(.object(usageLine)), "subjects": .list(.object(usageLine)),
            "actors": .list(.object(usageLine)),
        ])

    package static let usage = AnswerSchema(
        "Usage",
        [
            "plan": .object(planName), "period": .object(period), "from": .text, "to": .text, "timeZone": .text,
            "meters": .list(.object(meter)), "standing": .list(.object(standing)), "upgradeUrl": .text.orNull,
        ])

    /// By name, whether it is on.
    static let flags = AnswerSchema("Flags", ["flags": .map(of: .flag)])

    // MARK: - Audit log

    package static let auditEvent = AnswerSchema(
        "AuditEvent",
        [
            "seq": .integer, "at": .instant, "actor": .text, "action": .text, "target": .text.orNull,
            "requestId": .text.orNull, "data": .free("What was done, in words of the action"), "hash": .text.orNull,
        ])

    static let auditVerification = AnswerSchema(
        "AuditVerification",
        [
            "ok": .flag, "events": .integer, "unchained": .integer, "head": .text.orNull,
            "firstBroken": .integer.orNull, "reason": .text.orNull,
        ])

    // MARK: - Records and files

    static let importReport = AnswerSchema(
        "ImportReport",
        [
            "rows": .integer, "created": .integer, "updated": .integer, "unchanged": .integer,
            "ignoredColumns": .list(.text),
        ])

    /// `body`: the record, where there is one afterwards.
    static let batch = AnswerSchema(
        "BatchResults",
        [
            "results": .list(
                .object(
                    AnswerSchema(
                        "BatchResult", ["status": .integer, "etag": .text, "body": .object(record)],
                        optional: ["etag", "body"])))
        ])

    /// As `POST /api/collections` takes it.
    private static let declaration = AnswerSchema(
        "OwnDeclaration",
        members: [
            ("name", .text), ("title", .text), ("heading", .text), ("idPrefix", .text),
            ("fields", .list(.object(OwnCollectionSchema.keptField))),
        ] + OwnCollectionSchema.keptRules, optional: OwnCollectionSchema.keptRules.map(\.0))

    static let ownCollection = declaration.adding(
        "OwnCollection", ["version": .integer, "createdAt": .instant, "updatedAt": .instant])

    private static let migration = AnswerSchema(
        "OwnMigration",
        [
            "steps": .list(
                .object(
                    AnswerSchema(
                        "OwnMigrationStep",
                        ["step": .text, "field": .text, "from": .text, "records": .integer],
                        optional: ["field", "from"]))),
            "refused": .list(
                .object(AnswerSchema("OwnMigrationFault", ["field": .text, "code": .text, "message": .text]))),
            "records": .integer,
        ])

    static let ownPlan = AnswerSchema(
        "OwnCollectionPlan", ["plan": .object(migration), "declaration": .object(declaration)],
        optional: ["declaration"])

    /// The plan where it was asked for with `dryRun`.
    static let ownChange = AnswerSchema.either("OwnCollectionChange", ownCollection, ownPlan)

    static let record = AnswerSchema(
        "Record", ["id": .text, "createdAt": .instant, "updatedAt": .instant, "version": .integer]
    ).open("A field of the collection")

    package static let erasure = AnswerSchema(
        "Erasure",
        [
            "id": .text, "tenantId": .text, "collection": .text, "recordId": .text, "pseudonym": .text, "at": .instant,
        ])

    /// `kept`: what the law wants kept, of the person too.
    package static let erased = erasure.adding(
        "Erased",
        [
            "fields": .list(.text), "inBackupsOnly": .flag, "repeated": .flag,
            "alsoErased": .list(
                .object(AnswerSchema("AlsoErased", ["collection": .text, "records": .integer]))),
            "kept": .list(
                .object(AnswerSchema("KeptByLaw", ["collection": .text, "records": .integer, "reason": .text]))),
        ])

    static let file = AnswerSchema(
        "File",
        [
            "id": .text, "name": .text, "type": .text, "bytes": .integer, "sha256": .text, "visibility": .text,
            "url": .text, "createdBy": .text, "createdAt": .instant, "updatedAt": .instant, "version": .integer,
        ])

    /// The document that describes this API; `paths` and `components` are those of OpenAPI.
    package static let openAPI = AnswerSchema(
        "OpenAPIDocument",
        [
            "openapi": .text, "info": .object(AnswerSchema("OpenAPIInfo", ["title": .text, "version": .text])),
            "security": .list(.map(of: .list(.text))), "x-modules": .map(of: .list(.text)),
            "x-own-collections": .list(.text), "paths": .free("Paths Object of OpenAPI 3.1"),
            "components": .free("Components Object of OpenAPI 3.1"),
        ])

    static let fileLink = AnswerSchema("FileLink", ["url": .text, "expiresAt": .instant])
}

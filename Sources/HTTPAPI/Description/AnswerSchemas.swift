/// The answers of routes that no collection stands behind: people, credentials, the shop, its log and its files.
extension AnswerSchema {
    /// Of a route that says no more.
    package static let something = AnswerSchema("Something", [:])

    // MARK: - Signing in

    static let principal = AnswerSchema(
        "Principal", ["id": .text, "email": .text, "name": .text, "role": .text])

    /// A shop as its own people see it.
    package static let shop = AnswerSchema(
        "ShopBrief",
        [
            "id": .text, "slug": .text, "name": .text, "status": .text, "timeZone": .text, "currency": .text,
            "modules": .list(.text), "logo": .text.orNull, "notice": .any,
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
    static let link = AnswerSchema("Link", ["link": .text, "expiresAt": .instant])

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

    static let role = AnswerSchema(
        "Role",
        [
            "name": .text, "title": .text, "base": .text, "collections": .map, "users": .integer,
            "invitations": .integer, "createdAt": .instant, "updatedAt": .instant,
        ])

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

    static let permissions = AnswerSchema(
        "Permissions",
        ["roles": .list(.text), "own": .list(.map), "collections": .list(.map), "routes": .list(.map)])

    // MARK: - The shop

    static let wholeShop = AnswerSchema(
        "Shop",
        [
            "id": .text, "slug": .text, "name": .text, "status": .text, "timeZone": .text, "currency": .text,
            "modules": .list(.text), "logo": .text.orNull, "notice": .any, "rights": .map, "supporters": .list(.map),
            "termsDue": .list(.map), "termsVersion": .integer, "refusesSupport": .flag, "logoFileId": .text.orNull,
            "corsOrigins": .list(.text), "domains": .list(.text),
        ])

    package static let actAs = AnswerSchema(
        "ActAs",
        [
            "id": .text, "operatorId": .text, "operatorEmail": .text, "tenantId": .text, "reason": .text,
            "isWritable": .flag, "startedAt": .instant, "expiresAt": .instant, "endedAt": .instant.orNull,
        ])

    package static let legalText = AnswerSchema(
        "LegalText",
        [
            "kind": .text, "version": .integer, "publishedAt": .instant.orNull, "publishedBy": .text, "body": .text,
        ])

    static let legalTexts = AnswerSchema("LegalTexts", ["items": .list(.object(legalText))])
    static let due = AnswerSchema("TermsDue", ["due": .list(.map)])

    package static let subscription = AnswerSchema(
        "Subscription",
        [
            "plan": .map, "status": .text, "trialEndsAt": .instant.orNull, "anchor": .any, "changedAt": .any,
            "period": .map, "renewsAt": .instant.orNull, "limits": .list(.map), "upgradeUrl": .text.orNull,
        ])

    package static let usage = AnswerSchema(
        "Usage",
        [
            "plan": .map, "period": .map, "from": .text, "to": .text, "timeZone": .text, "meters": .list(.map),
            "standing": .list(.map), "upgradeUrl": .text.orNull,
        ])

    static let flags = AnswerSchema("Flags", ["flags": .map])

    static let auditEvent = AnswerSchema(
        "AuditEvent",
        [
            "seq": .integer, "at": .instant, "actor": .text, "action": .text, "target": .text.orNull,
            "requestId": .text.orNull, "data": .any, "hash": .text.orNull,
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

    static let batch = AnswerSchema("BatchResults", ["results": .list(.map)])

    static let ownCollection = AnswerSchema(
        "OwnCollection",
        [
            "name": .text, "title": .text, "heading": .text, "idPrefix": .text, "fields": .list(.map),
            "version": .integer, "createdAt": .instant, "updatedAt": .instant,
        ])

    static let ownPlan = AnswerSchema(
        "OwnCollectionPlan", ["plan": .map, "declaration": .map], optional: ["declaration"])

    static let record = AnswerSchema(
        "Record", ["id": .text, "createdAt": .instant, "updatedAt": .instant, "version": .integer])

    static let file = AnswerSchema(
        "File",
        [
            "id": .text, "name": .text, "type": .text, "bytes": .integer, "sha256": .text, "visibility": .text,
            "url": .text, "createdBy": .text, "createdAt": .instant, "updatedAt": .instant, "version": .integer,
        ])

    static let fileLink = AnswerSchema("FileLink", ["url": .text, "expiresAt": .instant])
}

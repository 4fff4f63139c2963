import ApplianceCore
import HTTPAPI
import Hummingbird
import Tenancy

/// What is wrong, since when, and who has seen it.
struct AlertController: Sendable {
    let alerts: Alerts

    func add(to routes: Routes) {
        routes.operator(
            .get, "/api/admin/alerts", "List alerts, or only open ones",
            .pages(.choice("open", ["true", "false"])).gives(.list(.alert))
        ) { try list($0) }
        routes.operator(
            .post, "/api/admin/alerts/{id}/acknowledge", "Say that an alert was seen", .gives(.alert), needs: .support
        ) {
            context in
            let id = context.http.parameters.get("id") ?? ""
            return Answer.json(
                try await alerts.acknowledge(id, by: context.principal.actor, requestID: context.requestID).json)
        }
    }

    private func list(_ context: OperatorRequestContext) throws -> Response {
        let page = try Page(context.request)
        let isOpen = try page.choice("open", "true", "false").map { $0 == "true" }
        let alerts = try alerts.list(isOpen: isOpen, limit: page.limit + 1, cursor: page.cursor)
        let next = alerts.count > page.limit ? alerts[page.limit - 1].id : nil
        return Answer.json(
            ["items": .array(alerts.prefix(page.limit).map(\.json)), "nextCursor": JSON(next)], for: context.request)
    }
}

import HTTPTypes
import Testing

@testable import HTTPAPI

struct DirectRoutesTests {
    private let routes: DirectRoutes = {
        var routes = DirectRoutes()
        for (method, pattern) in [
            (HTTPRequest.Method.get, "/api/customers"), (.post, "/api/customers"), (.get, "/api/customers/{id}"),
        ] {
            routes.add(
                method, DirectRoute(pattern: pattern, idPrefix: "cus_", admit: { _, _ in nil }, answer: { _ in nil }))
        }
        return routes
    }()

    private func found(_ method: HTTPRequest.Method, _ target: String) -> [String?]? {
        routes.find(method, target).map { [$0.route.pattern, $0.recordID] }
    }

    @Test func `a path means its route and record, whatever the query`() {
        #expect(found(.get, "/api/customers") == ["/api/customers", nil])
        #expect(found(.post, "/api/customers?x=/y") == ["/api/customers", nil])
        #expect(found(.get, "/api/customers/cus_01K") == ["/api/customers/{id}", "cus_01K"])
        #expect(found(.get, "/api/customers/cus_01k?fields=a/b") == ["/api/customers/{id}", "cus_01k"])
    }

    @Test(arguments: [
        "/api/customers/", "/api/customers/import", "/api/customers/cus_%31", "/api/customers/cus_1/", "/api/products",
        "/api/customers/cus_1/restore", "//api/customers", "/api/customers/ord_1", "api/customers", "", "/", "*",
        "/api/Customers", "/api/customers/cus_é", "http://a/api/customers",
    ])
    func `everything else has the general way`(target: String) {
        #expect(found(.get, target) == nil)
    }

    @Test func `so have other methods`() {
        #expect(found(.put, "/api/customers") == nil)
        #expect(found(.head, "/api/customers") == nil)
        #expect(found(.delete, "/api/customers/cus_1") == nil)
    }
}

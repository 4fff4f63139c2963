import ApplianceCore
import Hummingbird
import Tenancy

/// What the host name of a request means: a map in memory from hosts to shops. A name nobody has is 404, never the
/// default shop.
struct RequestHost: Sendable {
    enum Meaning: Equatable {
        /// The appliance itself, or no particular shop.
        case nobody
        case shop(String)
        case unknown
    }

    private let directory: TenantDirectory
    /// The domain below which shops are named, lower-case.
    private let domain: String?

    init(_ services: HTTPServices) {
        directory = services.directory
        domain = services.domain?.lowercased()
    }

    /// Throws 404 for a host below the domain that no shop has.
    func check(_ request: Request) throws {
        guard meaning(of: request) == .unknown else { return }
        throw DomainError(.notFound, "unknown_host", "There is no shop at this address.")
    }

    func meaning(of request: Request) -> Meaning {
        // Without names to know, as on most installations, nothing is looked up.
        guard domain != nil || directory.hasDomains, let authority = request.head.authority else { return .nobody }
        let host = HostName.host(of: authority)
        if let tenant = directory.tenant(domain: host) { return .shop(tenant.id) }
        guard let domain else { return .nobody }
        if host == domain { return .nobody }
        guard host.hasSuffix("." + domain) else {
            // Addresses, and names without a dot such as those inside a container network, are the machine itself.
            return HostName.isAddress(host) || !host.contains(".") ? .nobody : .unknown
        }
        let label = String(host.dropLast(domain.utf8.count + 1))
        if TenantInput.reservedSlugs.contains(label) { return .nobody }
        guard let tenant = directory[label], tenant.slug == label else { return .unknown }
        return .shop(tenant.id)
    }
}

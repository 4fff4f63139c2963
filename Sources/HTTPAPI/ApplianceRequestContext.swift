import HTTPTypes
package import Hummingbird
import NIOCore
import Synchronization

/// What goes with a request through Hummingbird: where it came from. Everything of the product (who asks, for which
/// shop) is in `OperatorRequestContext` and `TenantRequestContext`, which cannot exist without it.
package struct ApplianceRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The client's address without a port, as the peer or a trusted proxy has it; empty on the control socket.
    package internal(set) var remoteAddress: String
    /// Came through `appliance.sock`, which only the operator's account on this machine can open.
    package let isControl: Bool
    /// What the pipeline calls the request in its answer and in logs.
    package var requestID = ""
    /// Where a handler tells the pipeline which shop it answered for.
    var echo: TenantEcho?
    /// The record that the path names, where the connection itself found the route.
    var directRecordID: String?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        if case .unixDomainSocket = source.channel.localAddress {
            (remoteAddress, isControl) = ("", true)
        } else {
            (remoteAddress, isControl) = (source.channel.remoteAddress?.ipAddress ?? "", false)
        }
    }
}

/// The shop that a request was answered for, for the `X-Tenant-ID` of the answer, problems included.
final class TenantEcho: Sendable {
    private let id = Mutex<String?>(nil)

    func tell(_ tenant: String) { id.withLock { $0 = tenant } }
    var tenant: String? { id.withLock { $0 } }
}

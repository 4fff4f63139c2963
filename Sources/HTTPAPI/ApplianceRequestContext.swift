import HTTPTypes
package import Hummingbird
import NIOCore

/// What goes with a request through Hummingbird: where it came from. Everything of the product (who asks, for which
/// shop) is in `OperatorRequestContext` and `TenantRequestContext`, which cannot exist without it.
package struct ApplianceRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The peer's address without a port; empty on the control socket.
    package let remoteAddress: String
    /// Came through `appliance.sock`, which only the operator's account on this machine can open.
    package let isControl: Bool
    /// What the pipeline calls the request in its answer and in logs.
    package var requestID = ""
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

import ApplianceCore
import Foundation
import Testing

@testable import Tenancy

/// Which addresses the server calls, and how long it waits.
struct ProviderAddressTests {
    @Test(arguments: [
        "http://accounts.example", "ftp://accounts.example", "https://", "https:///path", "accounts.example",
        "https://user@accounts.example", "https://user:pw@accounts.example", "https://accounts.example/#x",
        "https://accounts.example /", "file:///etc/passwd", "http://127.0.0.1:8080", "http://localhost", "",
        "http://127.0.0.1.example", "http://10.0.0.1",
    ])
    func `only https is called`(address: String) {
        #expect(!ProviderAddress(allowsLoopback: false).allows(address))
    }

    @Test func `plain http to this machine only where it is allowed`() {
        let addresses = ProviderAddress(allowsLoopback: true)
        for address in ["http://127.0.0.1:8080/x", "http://localhost:1", "http://[::1]:8080", "https://a.example"] {
            #expect(addresses.allows(address), "\(address)")
        }
        for address in ["http://127.0.0.1.example", "http://a.example", "http://localhost.a.example", "http://0.0.0.0"]
        {
            #expect(!addresses.allows(address), "\(address)")
        }
        #expect(addresses.allowsIssuer("https://a.example/realm") && !addresses.allowsIssuer("https://a.example/?x=1"))
        let long = "https://a.example/" + String(repeating: "x", count: 240)
        #expect(!addresses.allowsIssuer(long) && addresses.allows(long))
    }

    @Test func `a discovery document is the issuer's own, and its addresses may be called`() async throws {
        let addresses = ProviderAddress(allowsLoopback: false)
        let good: JSON = [
            "issuer": "https://a.example", "authorization_endpoint": "https://a.example/authorize",
            "token_endpoint": "https://t.example/token", "jwks_uri": "https://a.example/keys",
        ]
        let read = try ProviderEndpoints(document: good, issuer: "https://a.example", addresses)
        #expect(read.token == "https://t.example/token" && read.user == nil && !read.isSecretInForm)
        let inForm = good.adding(["token_endpoint_auth_methods_supported": ["client_secret_post"]])
        #expect(try ProviderEndpoints(document: inForm, issuer: "https://a.example", addresses).isSecretInForm)
        for issuer in ["https://b.example", "https://a.example/", "https://A.example"] {
            let error = await refusal { try ProviderEndpoints(document: good, issuer: issuer, addresses) }
            #expect(error?.code == "provider_unreachable", "\(issuer)")
        }
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            let kept = (good.objectValue ?? []).filter { $0.name != name }
            for bad in [kept, kept + [.init(name, "http://127.0.0.1/latest/meta-data")]] {
                let error = await refusal {
                    try ProviderEndpoints(document: .object(bad), issuer: "https://a.example", addresses)
                }
                #expect(error?.code == "provider_unreachable", "\(name)")
            }
        }
    }

    /// Its clock says at once that the time is over: nobody answers on the other side.
    @Test func `nobody waits longer than ten seconds for an answer`() async throws {
        let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(silent) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(silent, $0, size)
                _ = listen(silent, 1)
                _ = getsockname(silent, $0, &size)
            }
        }
        let client = ProviderClient(
            addresses: ProviderAddress(allowsLoopback: true),
            time: try TestClock("2026-11-21T02:00:00.000Z").source)
        let port = UInt16(bigEndian: address.sin_port)
        let error = await refusal { try await client.get("http://127.0.0.1:\(port)/") }
        #expect(error?.code == "provider_unreachable" && error?.cause?.contains("did not answer in") == true)
    }

    @Test func `a sign-in under way is good once, in its browser, for ten minutes, at its provider`() throws {
        let clock = try TestClock("2026-11-21T02:00:00.000Z")
        let flows = SignInFlows(time: clock.source)
        func begin() -> String {
            flows.begin {
                .init(
                    provider: "work", nonce: "n", verifier: "v", browserHash: "mine", shop: nil, page: nil,
                    expiresAt: $0)
            }
        }
        func isTaken(_ state: String, _ provider: String = "work", _ browser: String = "mine") -> Bool {
            (try? flows.take(state, provider: provider, browserHash: browser)) != nil
        }
        let first = begin()
        #expect(isTaken(first) && !isTaken(first) && !isTaken("") && !isTaken("unknown"))
        let (foreign, elsewhere) = (begin(), begin())
        #expect(!isTaken(foreign, "work", "theirs") && !isTaken(foreign))
        #expect(!isTaken(elsewhere, "other") && !isTaken(elsewhere))
        let old = begin()
        clock.advance(.minutes(10))
        #expect(!isTaken(old))
        let oldest = begin()
        clock.advance(.seconds(1))
        for _ in 0..<SignInFlows.Limit.open { _ = begin() }
        #expect(flows.count == SignInFlows.Limit.open && !isTaken(oldest))
    }
}

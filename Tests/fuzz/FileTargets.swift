// What comes with a request or lies in a folder of backups, checked before anything is believed.
import Crypto
import Foundation
import Hummingbird
import Synchronization

/// Every byte in front of it may be a stranger's, and the sum still right.
private func resummed(_ bytes: [UInt8]) -> [UInt8] { bytes + SHA256.hash(data: bytes) }

private let tokens: AccessTokens = {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "fuzz-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
        try FileSystem.makeFolder(folder)
        return AccessTokens(try MasterKey(DataDirectory(folder)))
    } catch {
        fatalError("\(error)")
    }
}()

private let strangers = LogSeals { [Random.bytes(32)] }

/// Waits for an answer that needs no waiting.
private func awaited<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value? {
    let done = DispatchSemaphore(value: 0)
    let found = Mutex<Value?>(nil)
    Task {
        let value = await body()
        found.withLock { $0 = value }
        done.signal()
    }
    done.wait()
    return found.withLock { $0 }
}

private let isPrepared: Bool =
    awaited {
        await tokens.prepare(); return true
    } ?? false

private func request(host: String?, path: String) -> Request {
    Request(
        head: HTTPRequest(method: .get, scheme: "http", authority: host, path: path), body: RequestBody(buffer: .init())
    )
}

let fileTargets: [String: @Sendable ([UInt8]) -> Void] = [
    // A manifest with the right checksum: what is accepted says the same when it is written again.
    "manifest": { bytes in
        guard let id = SnapshotID("2026-11-21T02-00-00Z"), let summed = Manifest.summed(bytes),
            let manifest = try? Manifest.decode(summed, id: id)
        else { return }
        guard let again = try? manifest.encoded() else { return require(false) }
        require((try? Manifest.decode(again, id: id).encoded()) == again)
        for file in manifest.files { require(!file.path.contains("..") && !file.path.hasPrefix("/")) }
    },
    "log": { bytes in
        _ = try? LogBatch.decode(bytes)
        guard let batch = try? LogBatch.decode(resummed(bytes)) else { return }
        require(batch.payloadBytes >= 0 && batch.first <= batch.last)
        require((try? LogBatch.decode(batch.encoded())) == batch)
    },
    // What is taken for a seal is one when it is written again; no line vouches without a key.
    "seal": { bytes in
        for (name, seal) in OlderSeals.parse(bytes) {
            require(OlderSeals.parse(OlderSeals.encoded([name: seal])) == [name: seal])
            require(!strangers.isRight(seal, at: name))
        }
        let sealed = bytes + SHA256.hash(data: bytes).prefix(8)
        guard let seal = try? LogSeal.decode(sealed) else { return }
        require(seal.encoded() == sealed && !strangers.isRight(seal, at: "ten_a/0000000001/1"))
    },
    "host": { bytes in
        let authority = String(decoding: bytes, as: UTF8.self)
        let request = request(host: authority, path: "/")
        // As the request has it: a field's value is trimmed.
        guard let named = request.head.authority, (try? HostName.check(request)) != nil else { return }
        let host = HostName.host(of: named)
        // As names are compared, it is as it is.
        require(!host.isEmpty && (HostName.isAddress(host) || HostName.host(of: host) == host))
    },
    "query": { bytes in
        let path = "/api/things?" + String(decoding: bytes, as: UTF8.self)
        guard let found = try? QueryString.parameters(of: request(host: "localhost", path: path)) else { return }
        for (name, value) in found { require(name.utf8.count + value.utf8.count <= path.utf8.count) }
    },
    "token": { bytes in
        require(isPrepared)
        let token = String(decoding: bytes, as: UTF8.self)
        // Nobody who lacks the key makes one.
        require(awaited { await tokens.check(token, now: .earliest).map { _ in false } ?? true } == true)
    },
]

// swift-tools-version: 6.2
import PackageDescription

/// Strict settings of every target: Swift 6 mode comes with the tools version.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Swift's runtime and Foundation inside the executable, instead of 14 libraries beside it: one file to copy, no toolchain
/// where it runs, and calls into the runtime that need no table (a fifth of a request's time; see Decisions).
let staticRuntime = LinkerSetting.unsafeFlags(
    ["-static-stdlib", "-Xlinker", "--start-group"]
        + [
            "Foundation", "FoundationEssentials", "FoundationInternationalization", "CoreFoundation", "_FoundationICU",
            "_FoundationCShims", "_FoundationCollections", "dispatch", "BlocksRuntime",
        ].map { "-l\($0)" } + ["-Xlinker", "--end-group"],
    .when(platforms: [.linux], configuration: .release))

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

func layer(_ name: String, _ dependencies: [Target.Dependency], plugins: [Target.PluginUsage] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict, plugins: plugins)
}

/// A business module: depends on ModuleKit and what lies below, never on another module.
func module(_ name: String) -> Target {
    .target(
        name: name, dependencies: ["ModuleKit", "CollectionKit", "ApplianceCore"],
        path: "Sources/Modules/\(name)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let modules = ["Books", "Licensing", "Shop"]
let moduleDependencies = modules.map { Target.Dependency(stringLiteral: $0) }

let package = Package(
    name: "appliance",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "appliance", targets: ["ApplianceCLI"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .executableTarget(
            name: "ApplianceCLI",
            dependencies: [
                "ApplianceServer", "Backups", "Storage", "ApplianceCore", arguments, httpClient, nio, nioHTTP1,
                lifecycle, logging,
            ],
            swiftSettings: strict, linkerSettings: [staticRuntime]),
        layer(
            "ApplianceServer",
            moduleDependencies + [
                "ModuleKit", "HTTPAPI", "Jobs", "Backups", "Telemetry", "Tenancy", "CollectionKit", "Storage",
                "ApplianceCore", hummingbird, hummingbirdCore, hummingbirdTLS, nioSSL, nio, lifecycle, signals, logging,
                yaml,
            ],
            plugins: ["EmbedWebPlugin"]),
        layer("ModuleKit", ["CollectionKit", "ApplianceCore"]),
        layer(
            "HTTPAPI",
            [
                "Tenancy", "CollectionKit", "Storage", "ApplianceCore", hummingbird, nio, nioHTTP1, nioPosix,
                nioHTTPTypes, httpTypes, logging, crypto, grdb, lifecycle,
            ]),
        layer("Jobs", ["Tenancy", "CollectionKit", "Storage", "ApplianceCore", grdb, lifecycle, logging]),
        layer(
            "Backups", ["Tenancy", "CollectionKit", "Storage", "ApplianceCore", "CAppliance", grdb, crypto, logging]),
        layer("Telemetry", ["Tenancy", "Storage", "ApplianceCore", histogram]),
        layer(
            "Tenancy",
            [
                "CollectionKit", "Storage", "ApplianceCore", "CAppliance", grdb, crypto, cryptoExtras, jwt, logging,
                nio, nioHTTP1, httpClient,
            ]),
        layer("CollectionKit", ["Storage", "ApplianceCore", grdb, sqlite]),
        layer("Storage", ["ApplianceCore", "CAppliance", grdb, sqlite, logging, crypto, nioPosix]),
        layer("ApplianceCore", []),
        .target(
            name: "CAppliance", dependencies: [sqlite],
            linkerSettings: [.linkedLibrary("z"), .linkedLibrary("crypt")]),
        .executableTarget(name: "EmbedWeb", swiftSettings: strict),
        .plugin(
            name: "EmbedWebPlugin", capability: .buildTool(), dependencies: ["EmbedWeb"], path: "Sources/EmbedWebPlugin"
        ),
        // Books stands for what a module declares: CollectionKit's own tests need real collections.
        tests("ApplianceCoreTests", ["ApplianceCore"]),
        tests("StorageTests", ["Storage", "ApplianceCore", "CAppliance", grdb, logging, crypto]),
        tests(
            "CollectionKitTests",
            ["CollectionKit", "Books", "Licensing", "Shop", "Storage", "ApplianceCore", grdb, logging]),
        tests(
            "TenancyTests",
            [
                "Tenancy", "CollectionKit", "Storage", "ApplianceCore", grdb, logging, nio, crypto, cryptoExtras, jwt,
            ]),
        tests("JobsTests", ["Jobs", "Tenancy", "Storage", "ApplianceCore", grdb, logging]),
        tests("BackupsTests", ["Backups", "Storage", "ApplianceCore", grdb, logging]),
        tests(
            "ServerTests",
            [
                "ApplianceServer", "ModuleKit", "HTTPAPI", "Backups", "Tenancy", "CollectionKit", "Storage",
                "ApplianceCore", httpClient, httpTypes, hummingbird, crypto, cryptoExtras, nio, nioHTTP1, nioPosix,
                nioEmbedded, lifecycle, logging,
            ]),
        tests("TidyTests", []),
    ] + modules.map(module)
)

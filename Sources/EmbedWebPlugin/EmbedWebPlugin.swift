import Foundation
import PackagePlugin

/// Runs `EmbedWeb` before `ApplianceServer` compiles, so that the binary carries the files of `web/`.
@main
struct EmbedWebPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let web = context.package.directoryURL.appending(path: "web")
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedWeb.swift")
        return [
            .buildCommand(
                displayName: "Embedding web/",
                executable: try context.tool(named: "EmbedWeb").url,
                arguments: [web.path, output.path],
                inputFiles: try files(below: web),
                outputFiles: [output])
        ]
    }

    private func files(below folder: URL) throws -> [URL] {
        let entries = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return entries.sorted().map { folder.appending(path: $0) }
    }
}

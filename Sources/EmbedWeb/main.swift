// EmbedWeb WEB-FOLDER OUTPUT.swift: writes every file of the folder into one Swift source as base64 text.
//
// SwiftPM's `.embedInCode` makes an array literal of bytes and takes minutes to compile; a StaticString takes none.
import Foundation

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
    FileHandle.standardError.write(Data("usage: EmbedWeb WEB-FOLDER OUTPUT.swift\n".utf8))
    exit(2)
}
let folder = URL(filePath: arguments[1])
let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
var source = """
    /// The files of `web/`, as base64, made by EmbedWeb at build time.
    enum EmbeddedWeb {
        static let files: [(path: String, base64: StaticString)] = [

    """
for path in paths where !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
    let url = folder.appending(path: path)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue else {
        continue
    }
    let base64 = try Data(contentsOf: url).base64EncodedString()
    source += "        (path: \"\(path)\", base64: \"\(base64)\"),\n"
}
source += "    ]\n}\n"
try Data(source.utf8).write(to: URL(filePath: arguments[2]), options: .atomic)

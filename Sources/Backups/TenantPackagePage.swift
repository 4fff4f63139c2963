import ApplianceCore

/// The page of a package: plain HTML that needs nothing but a browser.
enum TenantPackagePage {
    static func html(_ contents: TenantPackage.Contents) -> String {
        let rows = contents.rows.sorted { $0.key < $1.key }.map { table, count in
            "<tr><td>\(escaped(table))</td><td class=n>\(count)</td></tr>"
        }
        let files = contents.files.map { file in
            "<tr><td><a href=\"\(address(file.path))\">\(escaped(file.path))</a></td><td class=n>\(file.bytes)</td>"
                + "<td><code>\(file.sha256)</code></td></tr>"
        }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(escaped(contents.tenant.name))</title>
            <meta name="viewport" content="width=device-width">
            <style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}
            table{border-collapse:collapse}td,th{border-bottom:1px solid #8886;padding:.2rem .8rem;text-align:left}
            .n{text-align:right}code{font-size:.8em}
            pre{background:#8882;padding:1rem;overflow:auto}</style></head><body>
            <h1>\(escaped(contents.tenant.name))</h1>
            <p>Everything of the shop <b>\(escaped(contents.tenant.slug))</b> as it was on \(contents.exportedAt),
            written by Appliance \(escaped(contents.applianceVersion)). The data is one SQLite file;
            any SQLite tool opens it.</p>
            <pre>sha256sum -c SHA256SUMS
            sqlite3 tenant.sqlite .tables
            sqlite3 -csv -header tenant.sqlite "SELECT * FROM customers" &gt; customers.csv
            appliance tenant import FOLDER      # into another Appliance</pre>
            <h2>Records</h2><table><tr><th>Table</th><th>Rows</th></tr>
            \(rows.joined(separator: "\n"))
            </table>
            <h2>Files</h2><table><tr><th>File</th><th>Bytes</th><th>SHA-256</th></tr>
            \(files.joined(separator: "\n"))
            </table></body></html>

            """
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    /// A relative address: every byte that could mean something else is percent-encoded.
    private static func address(_ path: String) -> String {
        path.utf8.map { byte in
            let isPlain =
                byte.isASCIIDigit || (0x41...0x5A).contains(byte & 0xDF) || [0x2E, 0x2D, 0x5F, 0x2F].contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }
}

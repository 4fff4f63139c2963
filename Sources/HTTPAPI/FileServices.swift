package import Storage
package import Tenancy

/// What the routes of uploaded files work with.
package struct FileServices: Sendable {
    package struct Limits: Sendable {
        /// Of one file.
        package let fileBytes: Int64
        /// Of all files of a shop.
        package let tenantBytes: Int64
        /// Left free on the disk: databases and their logs need room when uploads no longer have any.
        package let diskFloor: Int64

        package init(fileBytes: Int64, tenantBytes: Int64, diskFloor: Int64) {
            (self.fileBytes, self.tenantBytes, self.diskFloor) = (fileBytes, tenantBytes, diskFloor)
        }
    }

    let limits: Limits
    let pins: ContentPins
    let links: FileLinks
    /// Told of each content of a tenant once its row is committed.
    let stored: @Sendable (Content, String) -> Void

    package init(
        limits: Limits, pins: ContentPins, links: FileLinks, stored: @escaping @Sendable (Content, String) -> Void
    ) {
        (self.limits, self.pins, self.links, self.stored) = (limits, pins, links, stored)
    }
}

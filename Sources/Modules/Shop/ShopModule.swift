package import ModuleKit

/// A shop's goods.
package let shopModule = Module("shop", title: "Shop", collections: [products])

package import ModuleKit

/// What every shop keeps: whom it sells to, and what was sold.
package let booksModule = Module("books", title: "Books", isAlwaysOn: true, collections: [customers, transactions])

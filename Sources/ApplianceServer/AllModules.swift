import Books
import Licensing
import ModuleKit
import Shop

/// Every module that the server knows; a new one is one line here.
let allModules: [Module] = [booksModule, licensingModule, shopModule]

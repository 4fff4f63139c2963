package import ModuleKit

/// Software licences: issued with a key, checked by installed programs.
package let licensingModule = Module("licensing", title: "Licensing", collections: [licenses])

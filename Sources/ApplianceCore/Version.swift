/// The version of the product, as `appliance version`, `/api/health` and the manifests of snapshots say it.
package let applianceVersion = "0.1.0"

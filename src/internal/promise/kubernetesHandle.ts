import type { KubernetesLeaseSettings, SettingsBuilder } from "../../KubernetesLease.js"
import { connectionFor } from "./kubernetesConnection.js"
import type { HandleOptions } from "./leaseHandle.js"
import { LeaseHandle } from "./leaseHandle.js"
import { kubernetesSettings } from "./settings.js"

/**
 * @throws InvalidSettings
 */
export const kubernetesHandle = (
  given: KubernetesLeaseSettings | SettingsBuilder,
  options: HandleOptions = {}
): LeaseHandle => {
  const { connection, ...lease } = kubernetesSettings(given)
  return new LeaseHandle({ ...lease, ...options, connection: connectionFor(connection) })
}

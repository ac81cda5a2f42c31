import type { KubernetesLeaseSettings, SettingsBuilder } from "../KubernetesLease.js"
import { connectionFor } from "./kubernetesConnection.js"
import { LeaseHandle } from "./leaseHandle.js"
import { kubernetesSettings } from "./promiseSettings.js"

/**
 * @throws InvalidSettings
 */
export const kubernetesHandle = (given: KubernetesLeaseSettings | SettingsBuilder): LeaseHandle => {
  const { connection, ...lease } = kubernetesSettings(given)
  return new LeaseHandle({ ...lease, connection: connectionFor(connection) })
}

import type { Fault } from "../../InvalidSettings.js"
import type { KubernetesLeaseSettings, SettingsBuilder } from "./interfaces.js"
import { connectionFor } from "./kubernetesConnection.js"
import type { HandleOptions } from "./leaseHandle.js"
import { LeaseHandle } from "./leaseHandle.js"
import { kubernetesSettings, settingsOrThrow } from "./settings.js"

/**
 * @param otherFaults of what was given beside the settings
 * @throws InvalidSettings
 */
export const kubernetesHandle = (
  given: KubernetesLeaseSettings | SettingsBuilder,
  options: HandleOptions = {},
  otherFaults: ReadonlyArray<Fault> = []
): LeaseHandle => {
  const { connection, ...lease } = settingsOrThrow(kubernetesSettings(given), otherFaults)
  return new LeaseHandle({ ...lease, ...options, connection: connectionFor(connection) })
}

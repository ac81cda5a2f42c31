import type { InMemoryLeaseSettings } from "../InMemoryLease.js"
import type { SettingsBuilder } from "../KubernetesLease.js"
import { LeaseHandle } from "./leaseHandle.js"
import { memoryConnection, memoryLimits } from "./memoryConnection.js"
import { memorySettings } from "./promiseSettings.js"

/**
 * @throws InvalidSettings
 */
export const memoryHandle = (given: InMemoryLeaseSettings | SettingsBuilder): LeaseHandle =>
  new LeaseHandle({ ...memorySettings(given, memoryLimits), connection: memoryConnection })

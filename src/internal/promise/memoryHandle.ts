import type { InMemoryLeaseSettings } from "../../InMemoryLease.js"
import type { SettingsBuilder } from "../../KubernetesLease.js"
import type { HandleOptions } from "./leaseHandle.js"
import { LeaseHandle } from "./leaseHandle.js"
import { memoryConnection, memoryLimits } from "./memoryConnection.js"
import { memorySettings } from "./settings.js"

/**
 * @throws InvalidSettings
 */
export const memoryHandle = (
  given: InMemoryLeaseSettings | SettingsBuilder,
  options: HandleOptions = {}
): LeaseHandle => new LeaseHandle({ ...memorySettings(given, memoryLimits), ...options, connection: memoryConnection })

import type { Fault } from "../../InvalidSettings.js"
import type { InMemoryLeaseSettings, SettingsBuilder } from "./interfaces.js"
import type { HandleOptions } from "./leaseHandle.js"
import { LeaseHandle } from "./leaseHandle.js"
import { memoryConnection, memoryLimits } from "./memoryConnection.js"
import { memorySettings, settingsOrThrow } from "./settings.js"

/**
 * @param otherFaults of what was given beside the settings
 * @throws InvalidSettings
 */
export const memoryHandle = (
  given: InMemoryLeaseSettings | SettingsBuilder,
  options: HandleOptions = {},
  otherFaults: ReadonlyArray<Fault> = []
): LeaseHandle =>
  new LeaseHandle({
    ...settingsOrThrow(memorySettings(given, memoryLimits), otherFaults),
    ...options,
    connection: memoryConnection
  })

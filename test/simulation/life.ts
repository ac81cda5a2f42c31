import type * as Fiber from "effect/Fiber"
import type { Sender } from "./ledger.js"
import type { Connection } from "./network.js"
import type { SettingsPlan } from "./plan.js"
import type { Process } from "./process.js"

/** One life of a node's process. */
export interface Life {
  readonly node: number
  readonly process: Process
  readonly sender: Sender
  readonly connection: Connection
  readonly settings: SettingsPlan
  readonly program: Fiber.RuntimeFiber<unknown, unknown>
  /** Since when its user has neither tried to get the lease nor held it. */
  idleSince: number | undefined
  isEnding: boolean
  /** How often its user has begun to want the lease or ceased to hold it. */
  turns: number
  /** When an acquiring write of its was last refused, or changed on its way. */
  triedInVainAt: number
  /** Its latest read has shown that there is no record. */
  hasFoundNothing: boolean
  /** In which turn a watch has shown that a held record is gone, and until when it counts as standing (W1). */
  shownDeleted: { readonly turn: number; readonly at: number; readonly standsUntil: number } | undefined
}

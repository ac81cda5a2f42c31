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
  /** A watch has shown that another's record is gone, which counts as standing until then (W1). */
  shownDeleted: ShownDeleted | undefined
}

export interface ShownDeleted {
  readonly uid: string | undefined
  /** How much the process had sent before. */
  readonly sent: number
  readonly standsUntil: number
}

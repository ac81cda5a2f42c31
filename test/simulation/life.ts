import type { Connection } from "./connection.js"
import type { Sender } from "./ledger.js"
import type { SettingsPlan } from "./plan.js"
import type { Process } from "./process.js"

/** One life of a node's process. */
export interface Life {
  readonly node: number
  readonly process: Process
  readonly sender: Sender
  readonly connection: Connection
  readonly settings: SettingsPlan
  /** How many of its users may hold the lease, one after the other; with one engine each, or one for all. */
  readonly users: number
  readonly engines: number
  /** How many of them try to get the lease or hold it. */
  busy: number
  /** Since when none of them does. */
  idleSince: number | undefined
  isEnding: boolean
  /** The only run of its process. */
  readonly isOneShot: boolean
  /** What it has to take at its first and only look, if nothing goes wrong meanwhile (E2). */
  due: DueRecord | undefined
  /** A watch has shown that another's record is gone, which counts as standing until then (W1). */
  shownDeleted: ShownDeleted | undefined
  /** It has asked for the record: before that, a watch of the namespace shows it in vain. */
  hasLooked: boolean
}

/** A record that has stood unchanged for so long that the API server can tell that it has run out. */
export interface DueRecord {
  readonly resourceVersion: string
  /** How many faults had struck. */
  readonly faults: number
}

export interface ShownDeleted {
  readonly uid: string | undefined
  /** How much the process had sent before. */
  readonly sent: number
  readonly standsUntil: number
}

/** What runs in a process and uses the lease. */
export interface Users {
  /** Give up whatever they do, and do nothing for a while. */
  readonly idle: (until: number) => void
  /** Want the lease at once, unless they have it. */
  readonly nudge: () => void
  /** Give back what they hold, and end. */
  readonly end: () => void
  readonly haveEnded: () => boolean
}

export const beginUse = (life: Life): void => {
  life.busy++
  life.idleSince = undefined
}

export const endUse = (life: Life, now: number): void => {
  life.busy--
  if (life.busy === 0) {
    life.idleSince = now
  }
}

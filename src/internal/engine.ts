import * as Context from "effect/Context"
import type { Fibers } from "./forkDetached.js"
import type { KeyedLocks } from "./keyedLocks.js"
import type { Requests } from "./requests.js"
import type { ServerClock } from "./serverClock.js"
import type { Sightings } from "./sightings.js"
import type { Terms } from "./terms.js"
import type { Waits } from "./waits.js"
import type { Watches } from "./watches.js"

/**
 * What both faces share: what is known and held over one `KubeApi`. What it does is in `acquiring`, `waiting`, `renewing`
 * and `releasing`.
 */
export interface Engine {
  readonly requests: Requests
  readonly serverClock: ServerClock
  readonly sightings: Sightings
  /** One acquire or release at a time for each lease and owner (A4). */
  readonly locks: KeyedLocks
  readonly terms: Terms
  readonly watches: Watches
  readonly waits: Waits
  /** Acquires, until the engine closes. */
  readonly acquiring: Fibers
  /** Renewals and the ticker, until every term is released. */
  readonly holding: Fibers
}

export const Engine: Context.Tag<Engine, Engine> = Context.GenericTag<Engine>("kubernetes-lease/internal/Engine")

import * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import type { RequestError } from "../../KubeError.js"
import type { Fibers } from "../base/forkDetached.js"
import type { KeyedLocks } from "../base/keyedLocks.js"
import type { AbsurdDurations } from "./absurdDurations.js"
import type { Pace } from "./pace.js"
import type { Requests } from "./requests.js"
import type { ServerClock } from "./serverClock.js"
import type { Sightings } from "./sightings.js"
import type { Terms } from "./terms.js"
import type { Waits } from "./waits.js"
import type { Watches } from "./watches.js"

/**
 * What both faces share: what is known and held over one `KubeApi`. What it does is in `../protocol`.
 */
export interface Engine {
  readonly requests: Requests
  readonly serverClock: ServerClock
  readonly sightings: Sightings
  readonly absurdDurations: AbsurdDurations
  /** One acquire or release at a time for each lease and owner (A4). */
  readonly locks: KeyedLocks
  readonly terms: Terms
  readonly watches: Watches
  readonly waits: Waits
  readonly pace: Pace
  /** Acquires, until the engine closes. */
  readonly acquiring: Fibers
  /** Releases that have begun, which the engine awaits as it closes. */
  readonly releasing: Set<Deferred.Deferred<void, RequestError>>
  /** Renewals, the ticker and clears that are late, until every term is released. */
  readonly holding: Fibers
}

export const Engine: Context.Tag<Engine, Engine> = Context.GenericTag<Engine>("kubernetes-lease/internal/Engine")

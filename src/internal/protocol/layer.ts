import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { KubeApi } from "../../KubeApi.js"
import type { Fibers } from "../base/forkDetached.js"
import { KeyedLocks } from "../base/keyedLocks.js"
import { AbsurdDurations } from "../state/absurdDurations.js"
import { Engine } from "../state/engine.js"
import { Pace } from "../state/pace.js"
import { Requests } from "../state/requests.js"
import { ServerClock } from "../state/serverClock.js"
import { Sightings } from "../state/sightings.js"
import * as Terms from "../state/terms.js"
import { Waits } from "../state/waits.js"
import { Watches } from "../state/watches.js"
import { releaseLogged } from "./release.js"

/** Closes in this order: no acquire goes on, then nothing is held, then nothing runs. */
export const layer: Layer.Layer<Engine, never, KubeApi> = Layer.scoped(
  Engine,
  Effect.gen(function*() {
    const api = yield* KubeApi
    const holding: Fibers = yield* FiberSet.make()
    const acquireScope = yield* Scope.make()
    const acquiring: Fibers = yield* Scope.extend(FiberSet.make(), acquireScope)
    const serverClock = new ServerClock()
    const requests = new Requests(api, serverClock)
    const sightings = new Sightings()
    const engine: Engine = {
      requests,
      serverClock,
      sightings,
      absurdDurations: new AbsurdDurations(),
      locks: new KeyedLocks(),
      terms: Terms.make(holding),
      watches: new Watches(requests, sightings, acquiring),
      waits: new Waits(),
      pace: new Pace(),
      acquiring,
      releasing: new Set(),
      holding
    }
    yield* Effect.addFinalizer(() => Effect.zipRight(Scope.close(acquireScope, Exit.void), releaseAll(engine)))
    return engine
  })
)

const releaseAll = (engine: Engine): Effect.Effect<void> =>
  Effect.flatMap(
    engine.terms.held,
    (terms) => Effect.forEach(terms, (term) => releaseLogged(engine, term), { concurrency: "unbounded", discard: true })
  ).pipe(
    // Those whose callers have gone, or are just closing their scopes.
    Effect.zipRight(Effect.suspend(() =>
      Effect.forEach([...engine.releasing], (released) => Effect.exit(Deferred.await(released)), { discard: true })
    ))
  )

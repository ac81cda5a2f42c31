import * as Effect from "effect/Effect"
import * as Supervisor from "effect/Supervisor"
import { assert } from "vitest"
import { LeaseService } from "../../src/LeaseService.js"
import { openWatches } from "./waiters.js"

/** Runs a test that must leave nothing behind: no fiber, no watch, no wait and no term. */
export const leavingNothing = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const supervisor = yield* Supervisor.track
    yield* Effect.supervised(test, supervisor)
    // What has been interrupted still has to end.
    for (let step = 0; step < 1000 && (yield* supervisor.value).length > 0; step++) {
      yield* Effect.yieldNow()
    }
    assert.isEmpty(yield* supervisor.value, "fibers that still run")
    assert.strictEqual(yield* openWatches, 0, "watches")
    assert.isEmpty(yield* Effect.flatMap(LeaseService, ({ held }) => held))
    assert.isEmpty((yield* Effect.flatMap(LeaseService, ({ health }) => health)).problems)
  })

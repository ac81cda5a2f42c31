import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { assert } from "vitest"
import type { HeldLease } from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import type { TestServices } from "../support/holding.js"
import { advanceTo, answer, edit, leftoversScenario, operations, remove, takenBy } from "../support/holding.js"
import { acquired, mine } from "../support/leases.js"
import { inject, settle } from "../support/processes.js"

type End = (held: HeldLease) => Effect.Effect<unknown, unknown, TestServices | Scope.Scope>

const ends: Record<string, readonly [endsAt: number, End]> = {
  "released": [5, (held) => held.release],
  "released while a renewal is in flight": [
    12,
    (held) =>
      Effect.gen(function*() {
        yield* inject(Fault.delayAnswer("2 seconds").pipe(Fault.on("patch"), Fault.times(1)))
        yield* advanceTo(10.5)
        const releasing = yield* Effect.fork(held.release)
        yield* advanceTo(12)
        yield* Fiber.join(releasing)
      })
  ],
  "released by a caller that has gone": [
    7,
    (held) =>
      Effect.gen(function*() {
        yield* inject(Fault.delay("1 second").pipe(Fault.on("patch")))
        const releasing = yield* Effect.fork(held.release)
        yield* settle
        yield* Fiber.interrupt(releasing)
        yield* advanceTo(7)
      })
  ],
  "not released, the server being gone, once its clear has run out": [
    18.5,
    (held) =>
      Effect.gen(function*() {
        yield* inject(Fault.hang())
        const releasing = yield* Effect.fork(Effect.flip(held.release))
        yield* advanceTo(9)
        yield* Fiber.join(releasing)
        yield* advanceTo(18.5)
      })
  ],
  "lost, by a verify": [5, (held) => Effect.zipRight(remove, Effect.flip(held.verify))],
  "lost, by a renewal": [10, () => Effect.zipRight(edit(takenBy("you")), advanceTo(10))],
  "lost, at the deadline": [27, () => Effect.zipRight(inject(Fault.hang()), advanceTo(27))],
  "lost, between two attempts": [27, () => Effect.zipRight(inject(Fault.unsent()), advanceTo(27))],
  "lost, by a defect": [10, () => Effect.zipRight(answer({ patch: () => Effect.die("a bug") }), advanceTo(10))]
}

describe.concurrent("nothing is left", () => {
  for (const [title, [endsAt, end]] of Object.entries(ends)) {
    leftoversScenario(
      `F24 no fiber, no timer and no request is left behind a term that was ${title}`,
      ({ fibers, timers, watch }) =>
        watch(Effect.gen(function*() {
          const held = yield* acquired(mine)
          yield* advanceTo(5)
          assert.isAbove(yield* timers, 0)
          assert.isAbove(yield* fibers, 0)
          yield* end(held)
          yield* settle
          assert.strictEqual(yield* timers, 0)
          assert.strictEqual(yield* fibers, 0)
          const sent = yield* operations(0)
          yield* advanceTo(endsAt + 60)
          assert.deepStrictEqual(yield* operations(0), sent)
        })).pipe(Effect.orDie)
    )
  }

  leftoversScenario(
    "F24 the ticker and the renewals of other terms go on",
    ({ timers, watch }) =>
      watch(Effect.gen(function*() {
        const held = yield* acquired(mine)
        const another = yield* acquired({ ...mine, name: "another" })
        yield* advanceTo(5)
        yield* Effect.orDie(held.release)
        yield* settle
        assert.strictEqual(yield* timers, 2)
        yield* inject(Fault.hang())
        yield* advanceTo(27)
        yield* settle
        assert.strictEqual(yield* timers, 0)
        assert.isFalse(yield* another.isHeld)
      }))
  )
})

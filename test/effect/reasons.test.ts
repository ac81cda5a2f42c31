import * as Effect from "effect/Effect"
import { assert, describe } from "vitest"
import { advanceTo, edit, holding, scenario, splitClockScenario, takenBy } from "../support/holding.js"

describe("why a term was lost, in words", () => {
  scenario(
    "F106 A2 to another process with the same owner name",
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* edit(takenBy("me"))
      yield* advanceTo(10)
      assert.match(
        String((yield* loss)?.lost.message),
        /: another process uses the same owner name, and has taken it over;/
      )
    })
  )

  splitClockScenario(
    "F106 T2 a clock that was set ahead, or a machine that was suspended",
    (clock) =>
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* clock.stepWall(3_600_000)
        assert.isFalse(yield* held.isHeld)
        assert.match(
          String((yield* loss)?.lost.message),
          /: the clock was set ahead by 3600 s, or the machine was suspended for so long, past the renew deadline$/
        )
      })
  )

  splitClockScenario(
    "F106 T2 a process that stood still is no clock that was set ahead",
    (clock) =>
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* clock.stall("1 hour")
        assert.isFalse(yield* held.isHeld)
        assert.match(String((yield* loss)?.lost.message), /: no renewal was acknowledged before the renew deadline$/)
      })
  )
})

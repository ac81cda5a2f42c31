import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import { assert } from "vitest"
import * as Fault from "../../src/testing/Fault.js"
import { advanceTo, holding, isDone, scenario, sent, stored, watchLoss } from "../support/holding.js"
import { mine, tryAcquire } from "../support/leases.js"
import { inject } from "../support/processes.js"
import { isWaiting, termOf, waiter } from "../support/waiters.js"

describe.concurrent("a slow server", () => {
  for (const seconds of [2, 5, 10]) {
    scenario(
      `F72 A0 R4 X1 one that needs ${seconds} s a request is waited for, acquired from, held and released`,
      Effect.gen(function*() {
        yield* inject(Fault.delay(`${seconds} seconds`))
        const waiting = yield* waiter()
        yield* advanceTo(35)
        const held = yield* termOf(waiting)
        const loss = yield* watchLoss(held)
        yield* advanceTo(180)
        assert.isUndefined(yield* loss)
        assert.isTrue(yield* held.isHeld)
        yield* Effect.fork(Effect.either(held.release))
        yield* advanceTo(200)
        assert.strictEqual((yield* stored)?.spec["holderIdentity"] ?? "", "")
      })
    )
  }

  scenario(
    "F72 A0 without retries, a waiting contender allows the next attempt more time",
    Effect.gen(function*() {
      yield* inject(Fault.delay("10 seconds"))
      const waiting = yield* waiter({ ...mine, acquireRetries: 0 })
      yield* advanceTo(45)
      assert.isTrue(yield* (yield* termOf(waiting)).isHeld)
    })
  )

  scenario(
    "F72 A0 T3 a waiting contender gives a request up that would leave no useful term",
    Effect.gen(function*() {
      yield* inject(Fault.hang())
      const waiting = yield* waiter()
      yield* advanceTo(120)
      assert.isTrue(yield* isWaiting(waiting))
      const durations = (yield* sent).flatMap(({ endedAt, sentAt }) => endedAt === undefined ? [] : [endedAt - sentAt])
      assert.deepStrictEqual([...new Set(durations)], [5000, 13_500])
    })
  )

  scenario(
    "A0 whoever waits for an answer has it within acquireTimeout, and the write that is under way is given back",
    Effect.gen(function*() {
      yield* inject(Fault.delay("3 seconds"))
      const attempt = yield* Effect.fork(Effect.either(Effect.scoped(tryAcquire(mine))))
      yield* advanceTo(3.999)
      assert.isFalse(yield* isDone(attempt))
      yield* advanceTo(4)
      assert.isTrue(Either.isLeft(yield* Fiber.join(attempt)))
    })
  )

  const webhooks = {
    "a webhook, which a client that goes away stops": Fault.delay("5100 millis"),
    "what delays the answer alone": Fault.delayAnswer("5100 millis")
  }
  for (const [title, fault] of Object.entries(webhooks)) {
    scenario(
      `F73 R4 a further try of a renewal may take longer: 5.1 s for a write cost no term of 27 s: ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* inject(fault.pipe(Fault.on("patch")))
        yield* advanceTo(180)
        assert.isUndefined(yield* loss)
        assert.isTrue(yield* held.isHeld)
      })
    )
  }

  scenario(
    "F73 R4 the first try keeps requestTimeout, so that a dead connection costs no more",
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* inject(Fault.hang().pipe(Fault.on("patch"), Fault.times(1)))
      yield* advanceTo(16)
      assert.deepStrictEqual((yield* sent).slice(2).map(({ sentAt }) => sentAt), [10_000, 15_050])
      yield* inject(Fault.hang().pipe(Fault.on("patch"), Fault.times(1)))
      yield* advanceTo(26)
      assert.deepStrictEqual((yield* sent).slice(4).map(({ sentAt }) => sentAt), [20_000, 25_050])
      assert.isUndefined(yield* loss)
    })
  )

  scenario(
    "R1 a renewal that a slow answer has made late is sent at once",
    Effect.gen(function*() {
      yield* inject(Fault.delay("12 seconds").pipe(Fault.on("create")))
      const waiting = yield* waiter()
      yield* advanceTo(60)
      yield* termOf(waiting)
      const [, create, renewal] = (yield* sent).filter(({ operation }) => operation !== "get")
      assert.strictEqual(create?.operation, "create")
      assert.strictEqual(renewal?.sentAt, (create?.sentAt ?? NaN) + 12_000)
    })
  )
})

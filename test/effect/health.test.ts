import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import { LeaseService } from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import { Faults } from "../../src/testing/Faults.js"
import { acquired, mine, ref } from "../support/leases.js"
import { inject, scenario, sentBy, settle, sideBySide } from "../support/processes.js"
import { liveHolder, termOf, waiter } from "../support/waiters.js"

const health = Effect.flatMap(LeaseService, ({ health }) => health)

const clearFaults = Effect.flatMap(Faults, ({ clear }) => clear)

const sound = { isHealthy: true, problems: [] }

const messages = Effect.map(health, ({ problems }) => problems.map(({ message }) => message))

describe("health", sideBySide, () => {
  it.effect("is good while nothing is held or awaited", () =>
    scenario(Effect.gen(function*() {
      assert.deepStrictEqual(yield* health, sound)
    })))

  it.effect("is good while renewals come in time", () =>
    scenario(Effect.gen(function*() {
      yield* acquired(mine)
      for (let second = 0; second < 25; second++) {
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* health, sound)
      }
    })))

  it.effect("tells a term that is overdue, and why, until it is renewed again", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired(mine)
      yield* inject(Fault.serviceUnavailable("apiserver is shutting down"))
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(yield* health, sound)
      yield* TestClock.adjust(1)
      const { isHealthy, problems } = yield* health
      assert.isFalse(isHealthy)
      assert.lengthOf(problems, 1)
      assert.deepInclude(problems[0], { ref, owner: "me" })
      assert.match(problems[0]?.message ?? "", /^held for 11999 ms more, but not renewed in time: .*is shutting down/)
      assert.isTrue(yield* held.isHeld)
      yield* clearFaults
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* health, sound)
    })))

  it.effect("tells a term whose renewals nobody answers", () =>
    scenario(Effect.gen(function*() {
      yield* acquired(mine)
      yield* inject(Fault.hang())
      yield* TestClock.adjust(15_001)
      const [message] = yield* messages
      assert.include(message, "no answer within 5000 ms")
    })))

  it.effect("tells nothing of a term that is lost or released", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired(mine)
      yield* acquired({ ...mine, name: "another" })
      yield* inject(Fault.unsent())
      yield* TestClock.adjust("20 seconds")
      assert.lengthOf(yield* messages, 2)
      const releasing = yield* Effect.fork(Effect.ignore(held.release))
      yield* settle
      assert.lengthOf(yield* messages, 1)
      yield* TestClock.adjust("7 seconds")
      assert.deepStrictEqual(yield* health, sound)
      yield* Fiber.join(releasing)
    })))

  it.effect("tells a wait that cannot reach the server, until it can", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.unsent())
      const waiting = yield* waiter()
      yield* TestClock.adjust("10 seconds")
      const { isHealthy, problems } = yield* health
      assert.isFalse(isHealthy)
      assert.lengthOf(problems, 1)
      assert.deepInclude(problems[0], { ref, owner: "me" })
      assert.match(problems[0]?.message ?? "", /^waits, but cannot tell whether the lease is free: ./)
      yield* clearFaults
      yield* TestClock.adjust("10 seconds")
      yield* termOf(waiting)
      assert.deepStrictEqual(yield* health, sound)
    })))

  it.effect("is good while somebody waits for a live holder", () =>
    scenario(Effect.gen(function*() {
      yield* liveHolder
      yield* waiter()
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* health, sound)
    })))

  it.effect("tells nothing of a wait that is given up", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.unsent())
      const waiting = yield* waiter()
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf(yield* messages, 1)
      yield* Fiber.interrupt(waiting)
      assert.deepStrictEqual(yield* health, sound)
    })))

  it.effect("sends nothing", () =>
    scenario(Effect.gen(function*() {
      yield* acquired(mine)
      yield* inject(Fault.unsent())
      yield* waiter({ ...mine, name: "another" })
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(yield* sentBy(health), [])
      assert.lengthOf(yield* messages, 2)
    })))
})

import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import type { Occasion } from "../../../src/internal/credentials/rereading.js"
import { longestReadMillis, make } from "../../../src/internal/credentials/rereading.js"
import { countLogged, layer as logs } from "../../support/logs.js"

type Answer = Effect.Effect<string, string>

/** Gives these answers in turn, the last one for ever, and counts how often it is asked, and why. */
const source = (...answers: ReadonlyArray<Answer>) => {
  const occasions: Array<Occasion> = []
  const rereading = make<string, string>({
    read: (occasion) =>
      Effect.suspend(() => answers[Math.min(occasions.push(occasion), answers.length) - 1] ?? Effect.never),
    subject: "words",
    maxAgeMillis: 60_000,
    isSame: (one, other) => one === other,
    onStuck: () => "stuck"
  })
  return { rereading, occasions }
}

/** Lets what goes on beside the requests get as far as it can. */
const settle = Effect.repeatN(Effect.yieldNow(), 50)

const answers = Effect.succeed
const fails = Effect.fail("away")

/** By the test's clock, in which nothing takes time that does not wait for it. */
const atOnce = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.flatMap(Effect.fork(effect), (fiber) =>
    Effect.zipRight(
      settle,
      Effect.flatMap(fiber.poll, (exit) => exit._tag === "Some" ? exit.value : Effect.die("it waits"))
    ))

describe("C2 what is read again beside the requests", () => {
  it.scoped("F14 is read when a minute old, and not before; whoever asks then still gets the last value", () =>
    Effect.gen(function*() {
      const { occasions, rereading } = source(answers("a"), answers("b"))
      const { get } = yield* rereading
      assert.strictEqual(yield* get, "a")
      yield* TestClock.adjust("59999 millis")
      assert.strictEqual(yield* atOnce(get), "a")
      assert.lengthOf(occasions, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* get, "a")
      yield* settle
      assert.strictEqual(yield* get, "b")
      assert.deepStrictEqual(occasions, ["due", "due"])
    }))

  it.scoped("F44 is used on while it cannot be read; that is said once, and once that it is over", () =>
    Effect.gen(function*() {
      const { occasions, rereading } = source(answers("a"), fails, fails, fails, answers("b"))
      const { get } = yield* rereading
      yield* get
      yield* TestClock.adjust("60 seconds")
      for (let second = 0; second < 25; second++) {
        assert.strictEqual(yield* atOnce(get), "a")
        yield* TestClock.adjust("1 second")
      }
      assert.lengthOf(occasions, 4, "not at every request")
      assert.strictEqual(yield* countLogged("Warning", "Cannot read the words again"), 1)
      assert.strictEqual(yield* countLogged("Info", "can be read again"), 0)
      yield* TestClock.adjust("10 seconds")
      yield* atOnce(get)
      assert.strictEqual(yield* atOnce(get), "b")
      assert.strictEqual(yield* countLogged("Info", "The words can be read again"), 1)
      assert.strictEqual(yield* countLogged("Warning", ""), 1)
    }).pipe(Effect.provide(logs)))

  it.scoped("F45 nobody waits for a read that hangs, and another one begins when it has for too long", () =>
    Effect.gen(function*() {
      let interrupted = 0
      const hangs: Answer = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void interrupted++))
      const { occasions, rereading } = source(answers("a"), hangs, answers("b"))
      const { get } = yield* rereading
      yield* get
      yield* TestClock.adjust("60 seconds")
      for (let second = 0; second < longestReadMillis / 1000; second++) {
        assert.strictEqual(yield* atOnce(get), "a")
        yield* TestClock.adjust("1 second")
      }
      assert.lengthOf(occasions, 2)
      yield* atOnce(get)
      assert.strictEqual(yield* atOnce(get), "b")
      assert.strictEqual(interrupted, 1, "what hangs is ended")
    }))

  it.scoped("F45 a first read that hangs fails those who wait for it, and the next one begins anew", () =>
    Effect.gen(function*() {
      const { rereading } = source(Effect.never, answers("a"))
      const { get } = yield* rereading
      const waiting = yield* Effect.fork(Effect.flip(get))
      yield* TestClock.adjust(longestReadMillis)
      assert.strictEqual(yield* Fiber.join(waiting), "stuck")
      assert.strictEqual(yield* get, "a")
    }))

  it.scoped("F45 a refresh that hangs is bounded too", () =>
    Effect.gen(function*() {
      const { rereading } = source(answers("a"), Effect.never, answers("b"))
      const { get, refresh } = yield* rereading
      yield* get
      const waiting = yield* Effect.fork(Effect.flip(refresh))
      yield* TestClock.adjust(longestReadMillis)
      assert.strictEqual(yield* Fiber.join(waiting), "stuck")
      assert.strictEqual(yield* refresh, "b")
      assert.strictEqual(yield* get, "b")
    }))

  it.scoped("R5 a refusal reads at once, and many refusals share one read", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<string>()
      const { occasions, rereading } = source(answers("a"), Deferred.await(gate))
      const { get, refresh } = yield* rereading
      yield* get
      const waiting = yield* Effect.fork(
        Effect.all(Array.from({ length: 10 }, () => refresh), { concurrency: "unbounded" })
      )
      yield* settle
      yield* Deferred.succeed(gate, "b")
      assert.deepStrictEqual([...new Set(yield* Fiber.join(waiting))], ["b"])
      assert.deepStrictEqual(occasions, ["due", "refused"])
    }))

  it.scoped("R5 a refusal during a read takes what it gives, unless that is what was refused", () =>
    Effect.gen(function*() {
      const gates = [yield* Deferred.make<string>(), yield* Deferred.make<string>()] as const
      const { occasions, rereading } = source(
        answers("a"),
        Deferred.await(gates[0]),
        Deferred.await(gates[1]),
        answers("c")
      )
      const { get, refresh } = yield* rereading
      yield* get
      for (const gate of gates) {
        yield* TestClock.adjust("60 seconds")
        yield* get
        const waiting = yield* Effect.fork(refresh)
        yield* settle
        yield* Deferred.succeed(gate, "b")
        assert.strictEqual(yield* Fiber.join(waiting), gate === gates[0] ? "b" : "c")
      }
      assert.deepStrictEqual(occasions, ["due", "due", "due", "refused"])
    }))

  it.scoped("F44 a refresh that fails leaves the last value in use", () =>
    Effect.gen(function*() {
      const { rereading } = source(answers("a"), fails, answers("b"))
      const { get, refresh } = yield* rereading
      yield* get
      assert.strictEqual(yield* Effect.flip(refresh), "away")
      assert.strictEqual(yield* get, "a")
      assert.strictEqual(yield* refresh, "b")
    }))

  it.scoped("F44 a defect in a read costs nobody the last value either", () =>
    Effect.gen(function*() {
      const { rereading } = source(answers("a"), Effect.die("defect"), answers("b"))
      const { get } = yield* rereading
      yield* get
      yield* TestClock.adjust("60 seconds")
      yield* get
      yield* settle
      assert.strictEqual(yield* atOnce(get), "a")
      yield* TestClock.adjust("10 seconds")
      yield* get
      yield* settle
      assert.strictEqual(yield* get, "b")
    }))

  it.effect("whatever is under way ends with its scope", () =>
    Effect.gen(function*() {
      const ended = yield* Deferred.make<void>()
      const { rereading } = source(Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined)))
      yield* Effect.scoped(Effect.gen(function*() {
        const { get } = yield* rereading
        yield* Effect.fork(get)
        yield* settle
      }))
      yield* Deferred.await(ended)
    }))
})

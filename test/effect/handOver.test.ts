import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import type { HandOver, HeldLease } from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import {
  advanceTo,
  cleared,
  edit,
  forkRelease,
  holding,
  isDone,
  operations,
  recreate,
  remove,
  scenario,
  sentAfter,
  stored,
  takenBy
} from "../support/holding.js"
import { acquired, mine, record, tryAcquire, yours } from "../support/leases.js"
import { countLogged } from "../support/logs.js"
import { anotherProcess, inject, sentBy, settle } from "../support/processes.js"
import { isWaiting, termOf, waiter } from "../support/waiters.js"

const toYou: HandOver = { to: "you" }

const forkHandOver = (held: HeldLease) => Effect.zipLeft(Effect.fork(Effect.either(held.handOver(toYou))), settle)

const theirs = { ...mine, owner: "them" }

describe.concurrent("what a hand-over leaves", () => {
  for (const releaseMode of ["delete", "clear"] as const) {
    scenario(
      `X5 one write, a take in the successor's name, which is not deleted in mode ${releaseMode}`,
      Effect.gen(function*() {
        const held = yield* acquired({ ...mine, releaseMode, labels: { team: "a" } })
        yield* advanceTo(12)
        yield* held.handOver(toYou)
        yield* advanceTo(60)
        assert.deepStrictEqual((yield* stored)?.spec, {
          holderIdentity: "you",
          leaseDurationSeconds: 3,
          acquireTime: "1970-01-01T00:00:12.000000Z",
          renewTime: "1970-01-01T00:00:12.000000Z",
          leaseTransitions: 1
        })
        assert.deepInclude(Object((yield* stored)?.metadata), { labels: { team: "a" } })
        assert.deepStrictEqual(yield* operations(12), ["patch"])
      })
    )
  }

  for (
    const [duration, seconds] of [
      [undefined, 3],
      ["10 seconds", 10],
      ["1001 millis", 2],
      ["1 milli", 1],
      ["1 minute", 60]
    ] as const
  ) {
    scenario(
      `X5 others leave it to the successor for ${seconds} s where ${duration} is asked for`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* held.handOver({ ...toYou, duration })
        assert.strictEqual((yield* record).spec?.leaseDurationSeconds, seconds)
      })
    )
  }

  scenario(
    "X1 X5 local first: nothing is held while the server has not answered, and lost says nothing ever",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* inject(Fault.delay("1 second"))
      yield* advanceTo(9.5)
      const handing = yield* forkHandOver(held)
      assert.isFalse(yield* held.isHeld)
      assert.isFalse(yield* isDone(handing))
      yield* advanceTo(10.5)
      assert.isTrue(yield* isDone(handing))
      yield* advanceTo(60)
      assert.deepStrictEqual(yield* operations(1), ["patch"])
      assert.isUndefined(yield* loss)
    })
  )
})

describe.concurrent("to whom a hand-over goes", () => {
  scenario(
    "X5 W1 a successor that waits takes it at once, with one PATCH and no read; others wait on",
    Effect.gen(function*() {
      const { held } = yield* holding
      const runYou = yield* anotherProcess
      const runThem = yield* anotherProcess
      const waitingYou = yield* runYou(waiter(yours))
      const waitingThem = yield* runThem(waiter(theirs))
      const sent = yield* runYou(sentBy(Effect.zipRight(held.handOver(toYou), settle)))
      assert.deepStrictEqual(sent, ["patch"])
      const { spec } = yield* record
      assert.deepInclude(Object(spec), { holderIdentity: "you", leaseDurationSeconds: 30, leaseTransitions: 2 })
      const term = yield* termOf(waitingYou)
      assert.isTrue(BigInt(term.token) > BigInt(held.token))
      assert.deepStrictEqual(yield* runThem(sentBy(TestClock.adjust("1 minute"))), [])
      assert.isTrue(yield* isWaiting(waitingThem))
      assert.isTrue(yield* term.isHeld)
    })
  )

  scenario(
    "A2 X5 a successor that tries takes it; somebody else is contended before and after",
    Effect.gen(function*() {
      const { held } = yield* holding
      const runYou = yield* anotherProcess
      const runThem = yield* anotherProcess
      yield* held.handOver(toYou)
      assert.isTrue(Option.isNone(yield* runThem(tryAcquire(theirs))))
      const sent = yield* runYou(sentBy(acquired(yours)))
      assert.deepStrictEqual(sent, ["get", "patch"])
      assert.isTrue(Option.isNone(yield* runThem(tryAcquire(theirs))))
      assert.strictEqual((yield* record).spec?.leaseTransitions, 2)
    })
  )

  scenario(
    "E1 X5 a successor that has gone holds nobody up for longer than the hand-over lasts: one who waits",
    Effect.gen(function*() {
      const { held } = yield* holding
      const run = yield* anotherProcess
      const waiting = yield* run(waiter(theirs))
      yield* held.handOver(toYou)
      yield* TestClock.adjust(2999)
      assert.isTrue(yield* isWaiting(waiting))
      assert.strictEqual((yield* record).spec?.holderIdentity, "you")
      yield* TestClock.adjust(1)
      assert.isTrue(yield* (yield* termOf(waiting)).isHeld)
    })
  )

  scenario(
    "E1 X5 a successor that has gone holds nobody up for longer than the hand-over lasts: one who tries",
    Effect.gen(function*() {
      const { held } = yield* holding
      const run = yield* anotherProcess
      yield* held.handOver(toYou)
      assert.isTrue(Option.isNone(yield* run(tryAcquire(theirs))))
      yield* TestClock.adjust(2999)
      assert.isTrue(Option.isNone(yield* run(tryAcquire(theirs))))
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* run(acquired(theirs))).owner, "them")
    })
  )

  scenario(
    "X5 to itself: a new term of the same owner",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* held.handOver({ to: "me" })
      const again = yield* acquired(mine)
      assert.isTrue(BigInt(again.token) > BigInt(held.token))
      assert.isFalse(yield* held.isHeld)
    })
  )
})

describe.concurrent("a hand-over over a bad connection", () => {
  scenario(
    "X5 one whose answer was lost is told by its own mark, and not written twice",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.answerLost().pipe(Fault.on("patch"), Fault.times(1)))
      yield* advanceTo(1)
      const handing = yield* forkHandOver(held)
      const landed = yield* stored
      yield* advanceTo(2)
      assert.isTrue(Either.isRight(yield* Fiber.join(handing)))
      assert.deepStrictEqual(yield* operations(1), ["patch", "get"])
      assert.deepStrictEqual(yield* stored, landed)
      assert.strictEqual(yield* countLogged("Info", "Handed over"), 1)
      assert.strictEqual((yield* record).spec?.leaseTransitions, 1)
    })
  )

  scenario(
    "X3 X5 what the successor has made of one whose answer was lost is left alone",
    Effect.gen(function*() {
      const { held } = yield* holding
      const run = yield* anotherProcess
      yield* inject(Fault.answerLost().pipe(Fault.on("patch"), Fault.times(1)))
      yield* advanceTo(1)
      const handing = yield* forkHandOver(held)
      yield* run(acquired(yours))
      const taken = yield* stored
      yield* advanceTo(2)
      assert.isTrue(Either.isRight(yield* Fiber.join(handing)))
      assert.deepStrictEqual(yield* operations(1), ["patch", "get"])
      assert.deepStrictEqual(yield* stored, taken)
    })
  )

  scenario(
    "F32 X5 a Conflict, by a label: read, and written again, once",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* edit({ metadata: { labels: { team: "a" } } })
      yield* advanceTo(1)
      yield* held.handOver(toYou)
      assert.deepStrictEqual(yield* operations(1), ["patch", "get", "patch"])
      assert.deepInclude(Object((yield* stored)?.spec), { holderIdentity: "you", leaseTransitions: 1 })
      assert.deepInclude(Object((yield* stored)?.metadata), { labels: { team: "a" } })
    })
  )

  for (
    const [title, meddle, sent] of [
      ["it is gone", remove, ["patch"]],
      ["another holds it", edit(takenBy("them")), ["patch", "get"]],
      ["the successor has taken it by itself", edit(takenBy("you")), ["patch", "get"]],
      ["another holds it in the same name", edit(takenBy("me")), ["patch", "get"]],
      ["it is cleared by somebody else", edit(cleared), ["patch", "get"]],
      ["it is another object, the same otherwise", recreate(), ["patch", "get"]]
    ] as const
  ) {
    scenario(
      `X3 X5 what is not this term's is handed over to nobody: ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* meddle
        const others = yield* stored
        yield* advanceTo(1)
        yield* held.handOver(toYou)
        assert.deepStrictEqual(yield* operations(1), [...sent])
        assert.deepStrictEqual(yield* stored, others)
        assert.isUndefined(yield* loss)
        assert.strictEqual(yield* countLogged("Info", "Handed over"), 0)
      })
    )
  }

  for (
    const [title, fault] of [
      ["503", Fault.serviceUnavailable()],
      ["no connection", Fault.unsent()],
      ["no answer", Fault.hang()]
    ] as const
  ) {
    scenario(
      `X4 X5 Transient is tried again within releaseTimeout: ${title}`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(fault.pipe(Fault.on("patch"), Fault.times(1)))
        const handing = yield* forkHandOver(held)
        yield* advanceTo(4)
        assert.isTrue(yield* isDone(handing))
        assert.isTrue(Either.isRight(yield* Fiber.join(handing)))
        assert.deepInclude(Object((yield* record).spec), { holderIdentity: "you", leaseTransitions: 1 })
      })
    )

    scenario(
      `X4 X5 Transient fails it within releaseTimeout: ${title}`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(fault.pipe(Fault.on("patch")))
        const handing = yield* forkHandOver(held)
        yield* advanceTo(4)
        assert.isTrue(yield* isDone(handing))
        assert.nestedPropertyVal(yield* Fiber.join(handing), "left._tag", "Transient")
        assert.strictEqual((yield* record).spec?.holderIdentity, "me")
        assert.isFalse(yield* held.isHeld)
        yield* advanceTo(60)
        assert.isEmpty(yield* sentAfter(4))
      })
    )
  }

  scenario(
    "F23 X5 a missing right fails it at once",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.forbidden())
      yield* advanceTo(1)
      assert.strictEqual((yield* Effect.flip(held.handOver(toYou)))._tag, "Forbidden")
      assert.deepStrictEqual(yield* operations(1), ["patch"])
      assert.isFalse(yield* held.isHeld)
    })
  )
})

describe.concurrent("a hand-over that is not to be", () => {
  for (
    const [options, fields] of [
      [{ to: "" }, ["to"]],
      [{ to: "x".repeat(254) }, ["to"]],
      [{ to: "line\nbreak" }, ["to"]],
      [{ ...toYou, duration: 0 }, ["duration"]],
      [{ ...toYou, duration: 60_001 }, ["duration"]],
      [{ ...toYou, duration: Infinity }, ["duration"]],
      [{ to: "", duration: "1 hour" }, ["to", "duration"]]
    ] as const
  ) {
    scenario(
      `X5 ${JSON.stringify(options).slice(0, 60)} is refused, and the term goes on`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* advanceTo(1)
        const error = yield* Effect.flip(held.handOver(options))
        assert.strictEqual(error._tag, "InvalidSettings")
        if (error._tag === "InvalidSettings") {
          assert.deepStrictEqual(error.faults.map(({ field }) => field), [...fields])
        }
        assert.isEmpty(yield* operations(1))
        yield* advanceTo(60)
        assert.isTrue(yield* held.isHeld)
      })
    )
  }

  scenario(
    "X5 a release during a hand-over joins it",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.delay("1 second").pipe(Fault.on("patch")))
      yield* advanceTo(1)
      const ends = [yield* forkHandOver(held), yield* forkRelease(held)]
      yield* advanceTo(1.999)
      assert.deepStrictEqual(yield* Effect.forEach(ends, isDone), [false, false])
      yield* advanceTo(2)
      assert.deepStrictEqual(yield* Effect.forEach(ends, isDone), [true, true])
      yield* held.release
      assert.deepStrictEqual(yield* operations(1), ["patch"])
      assert.strictEqual((yield* record).spec?.holderIdentity, "you")
    })
  )

  scenario(
    "X5 a hand-over during a release joins it, whoever its successor",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.delay("1 second").pipe(Fault.on("patch")))
      yield* advanceTo(1)
      const ends = [yield* forkRelease(held), yield* forkHandOver(held)]
      yield* advanceTo(1.999)
      assert.deepStrictEqual(yield* Effect.forEach(ends, isDone), [false, false])
      yield* advanceTo(3)
      assert.deepStrictEqual(yield* Effect.forEach(ends, isDone), [true, true])
      yield* held.handOver(toYou)
      assert.deepStrictEqual(yield* operations(1), ["patch", "delete"])
      assert.isUndefined(yield* stored)
    })
  )

  scenario(
    "X3 X5 a hand-over after a loss does nothing",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* edit(takenBy("them"))
      yield* Effect.flip(held.verify)
      const others = yield* stored
      yield* advanceTo(1)
      yield* held.handOver(toYou)
      assert.isEmpty(yield* operations(1))
      assert.deepStrictEqual(yield* stored, others)
    })
  )
})

import { describe } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { assert } from "vitest"
import type { MemoryServer } from "../../src/KubeApiMemory.js"
import type { HeldLease } from "../../src/LeaseService.js"
import { LeaseService } from "../../src/LeaseService.js"
import { LostReason } from "../../src/LeaseTerm.js"
import * as Fault from "../../src/testing/Fault.js"
import {
  advanceTo,
  answer,
  clearFaults,
  edit,
  holding,
  operations,
  reasonOf,
  recreate,
  remove,
  scenario,
  sent,
  sentAfter,
  splitClockScenario,
  takenBy,
  timeline,
  watchLoss
} from "../support/holding.js"
import { acquired, mine } from "../support/leases.js"
import { countLogged } from "../support/logs.js"
import { inject } from "../support/processes.js"
import type { SplitClock } from "../support/SplitClock.js"

const withstanding = <A, E>(request: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptible(Effect.zipRight(Effect.never, request))

describe.concurrent("renew deadline", () => {
  for (
    const [title, breakServer] of [
      ["no answer", inject(Fault.hang())],
      ["no answer, to requests that are carried out", inject(Fault.hang({ applied: true }))],
      ["no answer, to requests that withstand being interrupted", answer({ patch: withstanding, get: withstanding })],
      ["answers that come too late", inject(Fault.delayAnswer("5001 millis"))],
      ["no connection", inject(Fault.unsent())]
    ] as const
  ) {
    scenario(
      `F12 R4 the term is lost exactly at the deadline, whoever asks or not: ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* breakServer
        yield* advanceTo(26.999)
        assert.isTrue(yield* held.isHeld)
        assert.strictEqual(Duration.toMillis(yield* held.remaining), 1)
        assert.isUndefined(yield* loss)
        yield* advanceTo(27)
        assert.deepStrictEqual([reasonOf(yield* loss), (yield* loss)?.at], ["Expired", 27_000])
        assert.isFalse(yield* held.isHeld)
        assert.strictEqual(Duration.toMillis(yield* held.remaining), 0)
        yield* advanceTo(60)
        assert.isEmpty(yield* sentAfter(26.999))
      })
    )
  }

  scenario(
    "R4 each request is given up after requestTimeout, a further try after half of the time left, none after the deadline",
    Effect.gen(function*() {
      yield* holding
      yield* inject(Fault.hang())
      yield* advanceTo(40)
      const durations = (yield* sent).slice(2).map(({ endedAt = NaN, sentAt }) => endedAt - sentAt)
      assert.deepStrictEqual(durations, [5000, 5975, 5000, 675])
      assert.strictEqual((yield* sent).at(-1)?.endedAt, 27_000)
    })
  )

  scenario(
    "T2 R4 the deadline counts from the sending of the last acknowledged renewal",
    Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("4 seconds").pipe(Fault.on("patch"), Fault.times(1)))
      const { loss } = yield* holding
      yield* advanceTo(15)
      yield* inject(Fault.unsent())
      yield* advanceTo(60)
      assert.strictEqual((yield* loss)?.at, 37_000)
    })
  )

  scenario(
    "R4 the deadline is kept to the millisecond for a term that joins others",
    Effect.gen(function*() {
      yield* acquired({ ...mine, name: "another" })
      yield* advanceTo(0.1)
      const joining = yield* acquired({
        ...mine,
        renewDeadline: "850 millis",
        renewalInterval: "100 millis",
        requestTimeout: "300 millis"
      })
      const loss = yield* watchLoss(joining)
      yield* answer({ patch: withstanding })
      yield* advanceTo(2)
      assert.strictEqual((yield* loss)?.at, 950)
    })
  )

  scenario(
    "F12 R4 exactly at the deadline, between two attempts too",
    Effect.gen(function*() {
      const held = yield* acquired({ ...mine, renewDeadline: "26500 millis" })
      const loss = yield* watchLoss(held)
      yield* inject(Fault.unsent())
      yield* advanceTo(30)
      assert.strictEqual((yield* loss)?.at, 26_500)
      assert.notInclude(yield* Effect.map(timeline(26), (requests) => requests.map(([, at]) => at)), 26_500)
    })
  )

  scenario(
    "R4 a loss that the ticker finds is logged once",
    Effect.gen(function*() {
      yield* holding
      yield* inject(Fault.hang())
      yield* advanceTo(40)
      assert.strictEqual(yield* countLogged("Warning", "no longer holds"), 1)
    })
  )

  scenario(
    "R4 terms with deadlines of their own, in one service",
    Effect.gen(function*() {
      const losses = yield* Effect.forEach(
        [10, 3, 5],
        (seconds) =>
          Effect.flatMap(acquired({ ...mine, name: `ttl-${seconds}`, ttl: Duration.seconds(seconds) }), watchLoss)
      )
      yield* inject(Fault.hang())
      yield* advanceTo(10)
      const at = yield* Effect.forEach(losses, Effect.map((loss) => loss?.at))
      assert.deepStrictEqual(at, [9000, 2700, 4500])
    })
  )

  for (const [ttlMillis, tickMillis] of [[30_000, 1000], [2000, 200]] as const) {
    splitClockScenario(
      `R4 both clocks are compared every ${tickMillis} ms at a ttl of ${ttlMillis} ms, without anybody asking`,
      ({ suspend }) =>
        Effect.gen(function*() {
          const held = yield* acquired({ ...mine, ttl: ttlMillis })
          const loss = yield* watchLoss(held)
          yield* suspend(ttlMillis)
          yield* advanceTo(tickMillis / 1000 - 0.001)
          assert.isUndefined(yield* loss)
          yield* advanceTo(tickMillis / 1000)
          assert.strictEqual(reasonOf(yield* loss), "Expired")
        })
    )
  }

  splitClockScenario("R4 a wall clock that steps back moves no deadline", ({ stepWall }) =>
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* inject(Fault.hang())
      yield* advanceTo(5)
      yield* stepWall(-3_600_000)
      yield* advanceTo(40)
      assert.strictEqual((yield* loss)?.at, 27_000)
    }))
})

type Needs = Effect.Effect.Context<ReturnType<typeof inject>> | LeaseService | MemoryServer

/** Whoever may be the first to find that the validity has passed. */
const observers: Record<string, (held: HeldLease) => Effect.Effect<unknown, unknown, Needs>> = {
  isHeld: (held) => Effect.map(held.isHeld, (isHeld) => assert.isFalse(isHeld)),
  ensureHeld: (held) => Effect.flip(held.ensureHeld),
  remaining: (held) => Effect.map(held.remaining, (left) => assert.strictEqual(Duration.toMillis(left), 0)),
  verify: (held) => Effect.flip(held.verify),
  "LeaseService.held": () =>
    Effect.map(Effect.flatMap(LeaseService, ({ held }) => held), (held) => assert.isEmpty(held)),
  release: (held) => held.release,
  "the ticker": () => advanceTo(6)
}

const pauses: ReadonlyArray<readonly [string, (clock: SplitClock, seconds: number) => Effect.Effect<void>]> = [
  ["F10 after a stall", ({ stall }, seconds) => stall(Duration.seconds(seconds))],
  ["F11 after a suspension", ({ suspend }, seconds) => suspend(Duration.seconds(seconds))]
]

describe.concurrent("a validity that has passed unseen", () => {
  for (const [when, pause] of pauses) {
    for (const [observer, observe] of Object.entries(observers)) {
      splitClockScenario(`${when} T5 the first to look ends the term: ${observer}`, (clock) =>
        Effect.gen(function*() {
          const { held, loss } = yield* holding
          yield* advanceTo(5)
          const before = (yield* operations(0)).length
          yield* pause(clock, 22)
          yield* observe(held)
          assert.strictEqual(reasonOf(yield* loss), "Expired")
          assert.isFalse(yield* held.isHeld)
          const named = (yield* operations(0)).slice(before)
          assert.notInclude(named, "patch")
          yield* advanceTo(40)
          assert.deepStrictEqual((yield* operations(0)).slice(before), named)
        }).pipe(Effect.orDie))
    }

    splitClockScenario(`${when} within the validity the term goes on`, (clock) =>
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* advanceTo(5)
        yield* pause(clock, 21.999)
        assert.isTrue(yield* held.isHeld)
        assert.isUndefined(yield* loss)
      }))

    for (
      const [title, meddle] of [
        ["the renewal succeeded", Effect.void],
        ["the Lease is deleted", remove],
        ["somebody else holds it", edit(takenBy("you"))],
        ["it is another object", recreate()],
        ["it has a new label", edit({ metadata: { labels: { team: "a" } } })]
      ] as const
    ) {
      splitClockScenario(
        `F35 ${when} T5 the late answer to a renewal ends the term as Expired: ${title}`,
        (clock) =>
          Effect.gen(function*() {
            const { held, loss } = yield* holding
            yield* advanceTo(9)
            yield* meddle
            yield* inject(Fault.delayAnswer("500 millis"))
            yield* advanceTo(10.2)
            yield* pause(clock, 20)
            yield* advanceTo(10.499)
            assert.isUndefined(yield* loss)
            yield* advanceTo(10.5)
            assert.deepStrictEqual((yield* loss)?.lost.reason, LostReason.Expired({ lastError: Option.none() }))
            assert.isFalse(yield* held.isHeld)
            const named = yield* operations(0)
            yield* clearFaults
            yield* advanceTo(40)
            assert.deepStrictEqual(yield* operations(0), named)
            assert.isFalse(yield* held.isHeld)
          })
      )
    }

    splitClockScenario(
      `F35 ${when} T5 R8 a late answer to a verify ends the term too`,
      (clock) =>
        Effect.gen(function*() {
          const { held, loss } = yield* holding
          yield* inject(Fault.delayAnswer("500 millis").pipe(Fault.on("get")))
          yield* advanceTo(5)
          const verifying = yield* Effect.fork(Effect.either(held.verify))
          yield* advanceTo(5.2)
          yield* pause(clock, 30)
          yield* advanceTo(5.5)
          assert.strictEqual(reasonOf(yield* loss), "Expired")
          const outcome = yield* Fiber.join(verifying)
          assert.isTrue(Either.isLeft(outcome))
          assert.nestedPropertyVal(outcome, "left.reason._tag", "Expired")
        })
    )
  }

  splitClockScenario(
    "F33 T2 a wall clock that steps forward past the deadline ends the term",
    ({ stepWall }) =>
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* advanceTo(5)
        yield* stepWall(22_000)
        assert.isFalse(yield* held.isHeld)
        assert.strictEqual(reasonOf(yield* loss), "Expired")
      })
  )

  scenario(
    "F35 R4 an answer after the deadline does not revive the term",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* inject(Fault.landLate("7 seconds"))
      yield* advanceTo(27)
      assert.strictEqual((yield* loss)?.at, 27_000)
      yield* clearFaults
      yield* advanceTo(45)
      assert.isFalse(yield* held.isHeld)
    })
  )
})

import { describe } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { assert } from "vitest"
import type { JsonObject } from "../../src/internal/memory/json.js"
import type { KubeError, RequestError } from "../../src/KubeError.js"
import { Conflict, CredentialsError, Forbidden, Invalid, Transient, Unauthorized } from "../../src/KubeError.js"
import { LostReason } from "../../src/LeaseTerm.js"
import * as Fault from "../../src/testing/Fault.js"
import {
  advanceTo,
  answer,
  cleared,
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
  stored,
  takenBy,
  timeline,
  watchLoss,
  withJitter
} from "../support/holding.js"
import { acquired, mine, record, ref } from "../support/leases.js"
import { countLogged } from "../support/logs.js"
import { anotherProcess, calls, inject, settle } from "../support/processes.js"
import type { Answers } from "../support/wire.js"

const patches = Effect.map(
  timeline(0),
  (requests) => requests.flatMap(([operation, at]) => operation === "patch" ? [at] : [])
)

/** Attempts, from the renewal at 10 s on. */
const attempts = Effect.map(timeline(10), (requests) => requests.map(([, at]) => at))

describe.concurrent("renewal", () => {
  for (const fraction of [0, 0.5, 1]) {
    scenario(
      `R1 a renewal every interval, never late and at most a tenth of it early: jitter ${fraction}`,
      Effect.gen(function*() {
        yield* acquired(mine)
        yield* advanceTo(60)
        const writes = (yield* sent).filter(({ operation }) => operation !== "get").map(({ sentAt }) => sentAt)
        const gaps = writes.slice(1).map((at, i) => at - (writes[i] ?? NaN))
        assert.deepStrictEqual(gaps, [10_000 - 1000 * fraction, ...Array<number>(5).fill(10_000)])
      }).pipe(withJitter(fraction))
    )
  }

  scenario(
    "R1 six requests a minute at 30 s/10 s, nothing but patches",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* advanceTo(60)
      assert.deepStrictEqual(yield* operations(0.001), Array(6).fill("patch"))
    })
  )

  scenario(
    "R1 a renewal writes when, for how long and over which version, and nothing else",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* advanceTo(10)
      assert.deepStrictEqual((yield* calls).at(-1), {
        operation: "patch",
        ref,
        body: {
          metadata: { resourceVersion: held.token },
          spec: { renewTime: "1970-01-01T00:00:10.000000Z", leaseDurationSeconds: 30 }
        }
      })
    })
  )

  scenario(
    "R1 a slow answer does not make the cadence drift",
    Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("4 seconds").pipe(Fault.on("patch")))
      yield* acquired(mine)
      yield* advanceTo(45)
      assert.deepStrictEqual(yield* patches, [10_000, 20_000, 30_000, 40_000])
    })
  )

  splitClockScenario("R1 a step of the wall clock moves no renewal", ({ stepWall }) =>
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* advanceTo(15)
      yield* stepWall(-5 * 3_600_000)
      yield* advanceTo(35)
      assert.deepStrictEqual(yield* patches, [10_000, 20_000, 30_000])
      yield* stepWall(15_000)
      yield* advanceTo(55)
      assert.deepStrictEqual(yield* patches, [10_000, 20_000, 30_000, 40_000, 50_000])
      assert.isTrue(yield* held.isHeld)
    }))

  const interferences: Record<string, [Effect.Effect<void, never, Effect.Effect.Context<typeof remove>>, LostReason]> =
    {
      "Deleted: the Lease is deleted": [remove, LostReason.Deleted()],
      "Deleted: the Lease is cleared": [edit(cleared), LostReason.Deleted()],
      "Deleted: the holder is removed": [edit({ spec: { holderIdentity: null } }), LostReason.Deleted()],
      "Deleted: the Lease is recreated under another uid, the same otherwise": [recreate(), LostReason.Deleted()],
      "Deleted: the Lease is recreated by another": [recreate({ holderIdentity: "you" }), LostReason.Deleted()],
      "TakenOver: another holder stands there": [edit(takenBy("you")), LostReason.TakenOver({ by: "you" })],
      "TakenOver: F22 another term in the same name": [edit(takenBy("me")), LostReason.TakenOver({ by: "me" })],
      "TakenOver: the same but for the transitions": [
        edit({ spec: { leaseTransitions: 1 } }),
        LostReason.TakenOver({ by: "me" })
      ],
      "TakenOver: the same but for the acquireTime": [
        edit({ spec: { acquireTime: "2026-11-22T06:00:00.123456Z" } }),
        LostReason.TakenOver({ by: "me" })
      ]
    }
  for (const [title, [meddle, reason]] of Object.entries(interferences)) {
    scenario(
      `R2 ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* advanceTo(5)
        yield* meddle
        const others = yield* stored
        yield* advanceTo(9.999)
        assert.isUndefined(yield* loss)
        yield* advanceTo(10)
        const { at, lost } = (yield* loss) ?? assert.fail("not lost")
        assert.deepStrictEqual([lost.reason, at], [reason, 10_000])
        assert.deepStrictEqual([lost.ref, lost.owner, lost.token], [held.ref, held.owner, held.token])
        assert.isFalse(yield* held.isHeld)
        yield* advanceTo(40)
        assert.isEmpty(yield* sentAfter(10))
        assert.deepStrictEqual(yield* stored, others)
      })
    )
  }

  scenario(
    "F22 of two processes with the same owner name the older loses at its next write",
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* advanceTo(5)
      const younger = yield* (yield* anotherProcess)(acquired(mine))
      const youngerLoss = yield* watchLoss(younger)
      yield* advanceTo(20)
      assert.deepStrictEqual((yield* loss)?.lost.reason, LostReason.TakenOver({ by: "me" }))
      assert.strictEqual((yield* loss)?.at, 10_000)
      assert.isUndefined(yield* youngerLoss)
      assert.isTrue(yield* younger.isHeld)
    })
  )

  for (
    const [title, mergePatch] of [
      ["a label", { metadata: { labels: { team: "a" } } }],
      ["an annotation", { metadata: { annotations: { note: "a" } } }],
      ["a finalizer", { metadata: { finalizers: ["example.com/keep"] } }]
    ] as const satisfies ReadonlyArray<readonly [string, JsonObject]>
  ) {
    scenario(
      `F32 R2 ${title} written by somebody else: the holder goes on at once`,
      Effect.gen(function*() {
        const { loss } = yield* holding
        yield* advanceTo(5)
        yield* edit(mergePatch)
        yield* advanceTo(25)
        assert.deepStrictEqual(yield* timeline(10), [
          ["patch", 10_000],
          ["get", 10_000],
          ["patch", 10_000],
          ["patch", 20_000]
        ])
        assert.isUndefined(yield* loss)
        assert.deepInclude(Object((yield* stored)?.metadata), mergePatch.metadata)
      })
    )
  }

  scenario(
    "R2 a second Conflict is no evidence either",
    Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("get"), Fault.skip(1), Fault.times(1)))
      const { loss } = yield* holding
      yield* edit({ metadata: { labels: { team: "a" } } })
      yield* advanceTo(10.5)
      yield* edit({ metadata: { labels: { team: "b" } } })
      yield* advanceTo(12)
      assert.deepStrictEqual(yield* operations(10), ["patch", "get", "patch", "patch", "get", "patch"])
      yield* advanceTo(36)
      assert.isUndefined(yield* loss)
    })
  )

  for (
    const [title, fault] of [
      ["timed-out", Fault.hang({ applied: true })],
      ["cut-off", Fault.answerLost()]
    ] as const
  ) {
    scenario(
      `F7 a ${title} renewal that landed is adopted`,
      Effect.gen(function*() {
        yield* inject(fault.pipe(Fault.on("patch"), Fault.times(1)))
        const { held, loss } = yield* holding
        yield* advanceTo(19)
        assert.deepStrictEqual(yield* operations(10), ["patch", "patch", "get", "patch"])
        const renewedAt = (yield* sent).at(-1)?.sentAt ?? NaN
        assert.strictEqual(Duration.toMillis(yield* held.remaining), renewedAt + 27_000 - 19_000)
        assert.isUndefined(yield* loss)
        yield* advanceTo(20)
        assert.deepStrictEqual(yield* operations(20), ["patch"])
      })
    )
  }

  scenario(
    "F7 that a record is still the term's own renews nothing: only an acknowledged write does",
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* edit({ metadata: { labels: { team: "a" } } })
      yield* inject(Fault.unsent().pipe(Fault.on("patch"), Fault.skip(1)))
      yield* advanceTo(30)
      assert.include(yield* operations(10), "get")
      assert.strictEqual((yield* loss)?.at, 27_000)
    })
  )

  for (
    const [title, fault, by] of [
      ["a patch, without a reason", Fault.refuse(404), "patch"],
      ["a patch, naming no lease", Fault.refuse(404, { reason: "NotFound" }), "patch"],
      ["the read after a Conflict", Fault.refuse(404, { reason: "NotFound" }), "get"]
    ] as const
  ) {
    scenario(
      `F38 R2 a 404 that is not about this lease is retried: ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* edit({ metadata: { labels: { team: "a" } } })
        yield* inject(fault.pipe(Fault.on(by)))
        yield* advanceTo(12)
        assert.isAbove((yield* attempts).length, 3)
        assert.isUndefined(yield* loss)
        yield* clearFaults
        yield* advanceTo(20)
        assert.isUndefined(yield* loss)
        assert.isTrue(yield* held.isHeld)
      })
    )
  }

  scenario(
    "F27 a lease deleted between two renewals is never re-created",
    Effect.gen(function*() {
      yield* holding
      yield* advanceTo(15)
      yield* remove
      yield* advanceTo(50)
      assert.isUndefined(yield* stored)
      assert.deepStrictEqual(yield* timeline(15), [["patch", 20_000]])
    })
  )

  scenario(
    "F41 a shortened leaseDurationSeconds is written again by the next renewal",
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* advanceTo(5)
      yield* edit({ spec: { leaseDurationSeconds: 12 } })
      yield* advanceTo(10)
      assert.strictEqual((yield* record).spec?.leaseDurationSeconds, 30)
      assert.isUndefined(yield* loss)
    })
  )
})

const failure = { operation: "patch", ref, message: "broken" } as const

const broken: Record<string, RequestError | Conflict> = {
  Forbidden: new Forbidden({ ...failure, status: 403 }),
  Unauthorized: new Unauthorized({ ...failure, status: 401 }),
  Invalid: new Invalid({ ...failure, status: 422, causes: [] }),
  CredentialsError: new CredentialsError({ message: "broken" }),
  "Conflict that the record does not explain": new Conflict({ ...failure, status: 409 }),
  ...Object.fromEntries(
    (["Timeout", "Connect", "Tls", "Reset", "Status", "Decode"] as const).map((kind) => [
      `Transient, ${kind}`,
      new Transient({ ...failure, kind })
    ])
  )
}

const lastErrorOf = (reason: LostReason | undefined): KubeError | undefined =>
  reason?._tag === "Expired" ? Option.getOrUndefined(reason.lastError) : undefined

describe.concurrent("renewal that fails", () => {
  for (const [title, error] of Object.entries(broken)) {
    scenario(
      `R3 F8 retried until it succeeds, said once when it starts and once when it is over: ${title}`,
      Effect.gen(function*() {
        const { loss } = yield* holding
        yield* answer({ patch: () => Effect.fail(error) })
        yield* advanceTo(12)
        assert.isAbove((yield* attempts).length, 5)
        assert.strictEqual(yield* countLogged("Warning", "Cannot renew"), 1)
        assert.strictEqual(yield* countLogged("Info", "Renewed again"), 0)
        yield* answer({})
        yield* advanceTo(14)
        assert.strictEqual(yield* countLogged("Warning", "Cannot renew"), 1)
        assert.strictEqual(yield* countLogged("Info", "Renewed again"), 1)
        assert.isUndefined(yield* loss)
      })
    )

    scenario(
      `R3 F8 Expired at the renew deadline, with the last error: ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* answer({ patch: () => Effect.fail(error) })
        yield* advanceTo(26.999)
        assert.isTrue(yield* held.isHeld)
        assert.isUndefined(yield* loss)
        yield* advanceTo(27)
        assert.strictEqual((yield* loss)?.at, 27_000)
        assert.strictEqual(lastErrorOf((yield* loss)?.lost.reason), error)
        assert.strictEqual(yield* countLogged("Warning", "Cannot renew"), 1)
      })
    )
  }

  scenario(
    "R3 each outage is said anew, and its error is not that of a later loss",
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* inject(Fault.forbidden().pipe(Fault.on("patch"), Fault.times(2)))
      yield* advanceTo(15)
      yield* inject(Fault.serviceUnavailable().pipe(Fault.on("patch"), Fault.times(2)))
      yield* advanceTo(25)
      assert.strictEqual(yield* countLogged("Warning", "Cannot renew"), 2)
      assert.strictEqual(yield* countLogged("Info", "Renewed again"), 2)
      yield* inject(Fault.unsent())
      yield* advanceTo(60)
      const error = lastErrorOf((yield* loss)?.lost.reason)
      assert.propertyVal(error, "_tag", "Transient")
      assert.propertyVal(error, "kind", "Connect")
    })
  )

  scenario(
    "R3 an answer that does not change the record is no renewal",
    Effect.gen(function*() {
      const { loss } = yield* holding
      const unchanged = yield* record
      yield* answer({ patch: () => Effect.succeed(unchanged) })
      yield* advanceTo(28)
      assert.strictEqual((yield* loss)?.at, 27_000)
      assert.isAbove((yield* attempts).length, 5)
    })
  )

  for (const [fraction, delays] of [[0, [50, 100, 200, 400, 800]], [1, [100, 200, 400, 800, 1600]]] as const) {
    scenario(
      `R3 the backoff doubles, jittered: jitter ${fraction}`,
      Effect.gen(function*() {
        yield* inject(Fault.unsent().pipe(Fault.on("patch")))
        yield* acquired(mine)
        yield* advanceTo(14)
        const at = yield* Effect.map(timeline(9), (requests) => requests.map(([, sentAt]) => sentAt))
        assert.deepStrictEqual(at.slice(1, 6).map((later, i) => later - (at[i] ?? NaN)), [...delays])
      }).pipe(withJitter(fraction))
    )
  }

  scenario(
    "R3 a server that is back in good time before the deadline is found in time",
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* inject(Fault.unsent())
      yield* advanceTo(21.9)
      yield* clearFaults
      yield* advanceTo(40)
      assert.isUndefined(yield* loss)
    }).pipe(withJitter(1))
  )

  scenario(
    "F16 R5 Retry-After is honoured",
    Effect.gen(function*() {
      yield* inject(Fault.tooManyRequests("7 seconds").pipe(Fault.on("patch"), Fault.times(1)))
      const { loss } = yield* holding
      yield* advanceTo(19)
      assert.deepStrictEqual(yield* attempts, [10_000, 17_000])
      assert.isUndefined(yield* loss)
    })
  )

  scenario(
    "F16 R5 Retry-After is never honoured beyond the time left: room for one more request stays",
    Effect.gen(function*() {
      yield* inject(Fault.tooManyRequests("1 minute").pipe(Fault.on("patch"), Fault.times(1)))
      const { loss } = yield* holding
      yield* advanceTo(29)
      assert.deepStrictEqual(yield* attempts, [10_000, 22_000])
      assert.isUndefined(yield* loss)
    })
  )

  scenario(
    "F16 a Retry-After that never ends does not move the deadline",
    Effect.gen(function*() {
      yield* inject(Fault.tooManyRequests("1 minute").pipe(Fault.on("patch")))
      const { loss } = yield* holding
      yield* advanceTo(60)
      assert.deepStrictEqual([reasonOf(yield* loss), (yield* loss)?.at], ["Expired", 27_000])
      assert.isTrue((yield* attempts).every((at) => at < 27_000))
    })
  )

  const unsteady: Record<string, Fault.Fault> = {
    "slow answers": Fault.delayAnswer("4900 millis").pipe(Fault.on("patch")),
    "answers that come too late": Fault.delayAnswer("6 seconds").pipe(Fault.on("patch")),
    "requests that land late": Fault.landLate("4 seconds"),
    "lost answers": Fault.answerLost().pipe(Fault.on("patch"), Fault.withProbability(0.5)),
    "no answers": Fault.hang().pipe(Fault.on("patch"))
  }
  for (const [title, fault] of Object.entries(unsteady)) {
    scenario(
      `F13 R6 at most one write in flight: ${title}, with a verify and a release in between`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(fault)
        yield* advanceTo(11)
        const verifying = yield* Effect.fork(Effect.exit(held.verify))
        yield* advanceTo(20.1)
        const releasing = yield* Effect.fork(Effect.exit(held.release))
        yield* advanceTo(30)
        yield* Fiber.join(verifying)
        yield* Fiber.join(releasing)
        assert.isAtMost(Math.max(...(yield* sent).map(({ writesInFlight }) => writesInFlight)), 1)
      })
    )
  }

  const defect = new Error("a bug")
  const defects: Record<string, Answers> = {
    "patchLease dies": { patch: () => Effect.die(defect) },
    "patchLease throws": {
      patch: () => {
        throw defect
      }
    },
    "the read after a Conflict dies": {
      patch: () => Effect.fail(new Conflict(failure)),
      get: () => Effect.die(defect)
    }
  }
  for (const [title, answers] of Object.entries(defects)) {
    scenario(
      `F20 R7 a defect in the renewal ends the term at once, with the defect: ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* answer(answers)
        yield* advanceTo(10)
        const { at, lost } = (yield* loss) ?? assert.fail("not lost")
        assert.strictEqual(at, 10_000)
        assert.nestedPropertyVal(lost, "reason._tag", "Failed")
        assert.nestedPropertyVal(lost, "reason.defect.message", "a bug")
        assert.isFalse(yield* held.isHeld)
        assert.strictEqual(yield* countLogged("Warning", "a bug"), 1)
        yield* advanceTo(40)
        assert.isEmpty(yield* sentAfter(10))
      })
    )
  }

  scenario(
    "F20 R7 a KubeApi that interrupts itself ends the term at once too",
    Effect.gen(function*() {
      const { loss } = yield* holding
      yield* answer({ patch: () => Effect.interrupt })
      yield* advanceTo(10)
      assert.strictEqual(reasonOf(yield* loss), "Failed")
    })
  )
})

describe.concurrent("verify", () => {
  scenario(
    "R8 the same term: fine, by one read and no write",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* edit({ metadata: { labels: { team: "a" } } })
      yield* advanceTo(3)
      yield* held.verify
      assert.deepStrictEqual(yield* timeline(1), [["get", 3000]])
      assert.isUndefined(yield* loss)
      assert.strictEqual(Duration.toMillis(yield* held.remaining), 24_000)
    })
  )

  for (
    const [title, meddle, reason] of [
      ["taken over", edit(takenBy("you")), LostReason.TakenOver({ by: "you" })],
      ["deleted", remove, LostReason.Deleted()],
      ["cleared", edit(cleared), LostReason.Deleted()],
      ["recreated", recreate(), LostReason.Deleted()]
    ] as const
  ) {
    scenario(
      `R8 ${title}: the term is lost there and then`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* meddle
        yield* advanceTo(3)
        assert.deepNestedPropertyVal(yield* Effect.flip(held.verify), "reason", reason)
        assert.deepStrictEqual((yield* loss)?.lost.reason, reason)
        assert.isFalse(yield* held.isHeld)
        assert.deepNestedPropertyVal(yield* Effect.flip(held.verify), "reason", reason)
        yield* advanceTo(30)
        assert.deepStrictEqual(yield* timeline(1), [["get", 3000]])
      })
    )
  }

  for (
    const [title, fault, tag] of [
      ["503", Fault.serviceUnavailable(), "Transient"],
      ["403", Fault.forbidden(), "Forbidden"],
      ["401", Fault.unauthorized(), "Unauthorized"],
      ["no connection", Fault.unsent(), "Transient"],
      ["no answer", Fault.hang(), "Transient"],
      ["F38 a 404 that is not about this lease", Fault.refuse(404, { reason: "NotFound" }), "Transient"]
    ] as const
  ) {
    scenario(
      `R8 cannot tell: an error, and the term goes on: ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* inject(fault.pipe(Fault.on("get")))
        const verifying = yield* Effect.fork(Effect.flip(held.verify))
        yield* advanceTo(5)
        assert.strictEqual((yield* Fiber.join(verifying))._tag, tag)
        assert.isTrue(yield* held.isHeld)
        yield* advanceTo(10)
        assert.isUndefined(yield* loss)
      })
    )
  }

  scenario(
    "R8 after a release: Released, without a request",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* held.release
      yield* advanceTo(1)
      const error = yield* Effect.flip(held.verify)
      assert.propertyVal(error, "_tag", "LeaseLost")
      assert.deepNestedPropertyVal(error, "reason", LostReason.Released())
      assert.isEmpty(yield* sentAfter(0))
      assert.isUndefined(yield* loss)
    })
  )

  scenario(
    "R8 a release while it reads: Released, and lost says nothing",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* inject(Fault.delay("2 seconds").pipe(Fault.on("get")))
      const verifying = yield* Effect.fork(Effect.flip(held.verify))
      yield* settle
      yield* held.release
      yield* advanceTo(2)
      assert.deepNestedPropertyVal(yield* Fiber.join(verifying), "reason", LostReason.Released())
      assert.isUndefined(yield* loss)
    })
  )
})

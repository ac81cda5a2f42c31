import { describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import { LeaseService } from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import { acquired, mine, record, ref, tryAcquire, yours } from "../support/leases.js"
import {
  anotherProcess,
  calls,
  inject,
  lasting,
  lossOf,
  recorded,
  recordedHolder,
  recordOf,
  scenario,
  sentBy,
  settle,
  sideBySide,
  warnings
} from "../support/processes.js"

const conflict = Fault.refuse(409, { reason: "Conflict" })

const contended = (attempt: Option.Option<unknown>) => assert.isTrue(Option.isNone(attempt), "somebody else holds it")

/** Another's record that no clock proves expired yet. */
const fresh = { holderIdentity: "you", leaseDurationSeconds: 30 }

describe("A1 a missing Lease", sideBySide, () => {
  it.effect("A1 is created", () =>
    scenario(Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* sentBy(acquired({ ...mine, ttl: "29500 millis", labels: { app: "demo" } })),
        ["get", "create"]
      )
      assert.deepEqual(yield* recorded("metadata", "labels"), { app: "demo" })
      assert.deepEqual(yield* recorded("spec"), {
        holderIdentity: "me",
        leaseDurationSeconds: 30,
        acquireTime: "1970-01-01T00:00:00.000000Z",
        renewTime: "1970-01-01T00:00:00.000000Z",
        leaseTransitions: 0
      })
    })))

  it.effect("A1 Conflict: somebody was faster and holds it now", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delay("1 second").pipe(Fault.on("create")))
      const attempt = yield* Effect.fork(tryAcquire(mine))
      yield* settle
      const another = yield* anotherProcess
      yield* another(acquired(yours))
      yield* TestClock.adjust("2 seconds")
      contended(yield* Fiber.join(attempt))
      assert.deepStrictEqual((yield* calls).map(({ operation }) => operation), ["get", "create", "get"])
    })))

  it.effect("A1 Conflict: somebody was faster and has gone again", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delay("1 second").pipe(Fault.on("create")))
      const attempt = yield* Effect.fork(acquired(mine))
      yield* settle
      yield* recordOf({ holderIdentity: "" })
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(yield* (yield* Fiber.join(attempt)).isHeld)
    })))

  it.effect("A1 a missing namespace is said so", () =>
    scenario(
      Effect.gen(function*() {
        const error = yield* Effect.flip(tryAcquire(mine))
        assert.include(error, { _tag: "NotFound", kind: "namespaces" })
        assert.include(error.message, "no such namespace")
      }),
      { server: { namespaces: ["kube-system"] } }
    ))
})

describe("A2 a record", sideBySide, () => {
  for (
    const [title, spec] of [
      ["with an empty holder", { holderIdentity: "", leaseDurationSeconds: 1 }],
      ["without a holder", { leaseDurationSeconds: 30 }],
      ["without anything in it", {}],
      ["with this very owner", { ...fresh, holderIdentity: "me" }]
    ] as const
  ) {
    it.effect(`A2 ${title} is taken at once`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(spec)
        assert.deepStrictEqual(yield* sentBy(acquired(mine)), ["get", "patch"])
        assert.strictEqual(yield* recordedHolder, "me")
      })))
  }

  it.effect("A2 of another, fresh, is contention, and nothing is written", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(fresh)
      assert.deepStrictEqual(yield* sentBy(Effect.map(tryAcquire(mine), contended)), ["get"])
    })))

  it.effect("A2 of another, expired, is taken", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(fresh)
      contended(yield* tryAcquire(mine))
      yield* TestClock.adjust("30 seconds")
      yield* acquired(mine)
      assert.strictEqual(yield* recordedHolder, "me")
    })))

  it.effect("A2 held by another handle of this service is contention, also for the same owner", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired(mine)
      contended(yield* tryAcquire(mine))
      contended(yield* tryAcquire(yours))
      assert.isTrue(yield* held.isHeld)
      assert.strictEqual((yield* record).spec?.leaseTransitions, 0)
      yield* held.release
      yield* acquired(mine)
    })))

  it.effect("A2 F39 that is being deleted is contention, logged, whoever holds it", () =>
    scenario(
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* recordOf({ holderIdentity: "me" }, { finalizers: ["example.com/hold"] })
        yield* server.delete(ref)
        assert.deepStrictEqual(yield* sentBy(Effect.map(tryAcquire(mine), contended)), ["get"])
        assert.deepStrictEqual(yield* warnings, ["The Lease is being deleted and waits for its finalizers"])
        yield* server.patch(ref, { metadata: { finalizers: null } })
        yield* acquired(mine)
      })
    ))
})

describe("one name, two processes", sideBySide, () => {
  /** Two processes of the same owner name, of which the second has just taken the lease from the first. */
  const duplicates = Effect.gen(function*() {
    const another = yield* anotherProcess
    const older = yield* acquired(mine)
    yield* TestClock.adjust("1 second")
    const newer = yield* another(acquired(mine))
    return { another, older, newer }
  })

  it.effect("F22 the older loses at its next write, the newer goes on", () =>
    scenario(Effect.gen(function*() {
      const { newer, older } = yield* duplicates
      assert.isTrue(yield* older.isHeld)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* lossOf(older), "TakenOver")
      yield* TestClock.adjust("20 seconds")
      assert.isTrue(yield* newer.isHeld)
      assert.isTrue(BigInt(newer.token) > BigInt(older.token))
    })))

  it.effect("F22 X3 the older gives nothing back that is the newer's", () =>
    scenario(Effect.gen(function*() {
      const { newer, older } = yield* duplicates
      yield* older.release
      assert.strictEqual(yield* recordedHolder, "me")
      yield* newer.verify
    })))

  it.effect("A2 F43 a name that a term was lost to is somebody else's, logged", () =>
    scenario(
      Effect.gen(function*() {
        const { another, newer } = yield* duplicates
        yield* TestClock.adjust("9 seconds")
        const before = (yield* warnings).length
        for (let attempt = 0; attempt < 3; attempt++) {
          contended(yield* tryAcquire(mine))
          yield* TestClock.adjust("10 seconds")
        }
        const logged = new Set((yield* warnings).slice(before))
        assert.deepStrictEqual([...logged], [
          "Another process uses this owner name, which has to be this process's own"
        ])
        assert.isTrue(yield* newer.isHeld)
        yield* another(inject(Fault.unsent()))
        contended(yield* tryAcquire(mine))
        yield* TestClock.adjust("30 seconds")
        yield* acquired(mine)
        assert.isFalse(yield* newer.isHeld)
      })
    ))
})

describe("A3 a take", sideBySide, () => {
  const metadata = {
    labels: { app: "demo", team: "infra" },
    annotations: { note: "keep me" },
    finalizers: ["example.com/hold"]
  }

  const keptMetadata = Effect.gen(function*() {
    for (const [field, value] of Object.entries(metadata)) {
      assert.deepEqual(yield* recorded("metadata", field), value)
    }
  })

  it.effect("A3 keeps labels, annotations, finalizers and unknown fields", () =>
    scenario(
      Effect.gen(function*() {
        yield* recordOf({ holderIdentity: "", shards: { a: 1 } }, metadata)
        yield* acquired({ ...mine, labels: { app: "mine" } })
        yield* keptMetadata
        assert.strictEqual(yield* recorded("spec", "holderIdentity"), "me")
        assert.deepEqual(yield* recorded("spec", "shards"), { a: 1 })
      }),
      { server: { preserveUnknownFields: true } }
    ))

  /** An attempt whose take arrives a second late, after something has happened to the record. */
  const overtakenBy = <E, R>(event: Effect.Effect<unknown, E, R>) =>
    Effect.gen(function*() {
      yield* recordOf({ holderIdentity: "" })
      yield* inject(Fault.delay("1 second").pipe(Fault.on("patch"), Fault.times(1)))
      const attempt = yield* Effect.fork(tryAcquire(mine))
      yield* settle
      yield* event
      yield* TestClock.adjust("2 seconds")
      return yield* Fiber.join(attempt)
    })

  const byKubectl = (patch: Parameters<MemoryServer["Type"]["patch"]>[1]) =>
    Effect.flatMap(MemoryServer, (server) => server.patch(ref, patch))

  it.effect("A3 a label written between read and take: again, and the label survives", () =>
    scenario(Effect.gen(function*() {
      assert.isTrue(Option.isSome(yield* overtakenBy(byKubectl({ metadata: { labels: { app: "demo" } } }))))
      assert.deepEqual(yield* recorded("metadata", "labels"), { app: "demo" })
    })))

  it.effect("A3 a holder between read and take is not overwritten", () =>
    scenario(Effect.gen(function*() {
      contended(yield* overtakenBy(byKubectl({ spec: fresh })))
      assert.strictEqual(yield* recordedHolder, "you")
    })))

  it.effect("A3 A1 a record that is deleted between read and take is created", () =>
    scenario(Effect.gen(function*() {
      assert.isTrue(Option.isSome(yield* overtakenBy(Effect.flatMap(MemoryServer, (server) => server.delete(ref)))))
      assert.strictEqual((yield* record).spec?.leaseTransitions, 0)
    })))

  it.effect("A3 a record that is created anew between read and take is judged anew", () =>
    scenario(Effect.gen(function*() {
      const anew = Effect.flatMap(MemoryServer, (server) => Effect.zipRight(server.delete(ref), recordOf(fresh)))
      contended(yield* overtakenBy(anew))
      assert.strictEqual(yield* recordedHolder, "you")
    })))

  for (const write of ["create", "patch"] as const) {
    for (const acquireRetries of [0, 1, 3]) {
      it.effect(`A3 F37 ${write} refused ${acquireRetries + 1} times: read once more, then Conflict`, () =>
        scenario(Effect.gen(function*() {
          if (write === "patch") {
            yield* recordOf({ holderIdentity: "" })
          }
          yield* inject(conflict.pipe(Fault.on(write)))
          const attempt = Effect.flip(tryAcquire({ ...mine, acquireRetries }))
          const sent = yield* sentBy(Effect.map(lasting(100 * acquireRetries)(attempt), ({ _tag }) => {
            assert.strictEqual(_tag, "Conflict")
          }))
          assert.deepStrictEqual(sent, [
            ...Arr.flatten(Arr.replicate(["get", write] as const, acquireRetries + 1)),
            "get"
          ])
        })))
    }
  }

  it.effect("A3 F37 retries used up, and another's fresh record at the last look: contention", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ holderIdentity: "" })
      yield* inject(conflict.pipe(Fault.on("patch")))
      yield* inject(Fault.delay("1 second").pipe(Fault.on("get"), Fault.skip(4)))
      const attempt = yield* Effect.fork(tryAcquire(mine))
      yield* TestClock.adjust(300)
      yield* byKubectl({ spec: fresh })
      yield* TestClock.adjust("1 second")
      contended(yield* Fiber.join(attempt))
    })))

  it.effect("A3 F37 retries used up, and another's expired record at the last look: Conflict", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(fresh)
      contended(yield* tryAcquire(mine))
      yield* TestClock.adjust("30 seconds")
      yield* inject(conflict.pipe(Fault.on("patch")))
      assert.strictEqual((yield* lasting(300)(Effect.flip(tryAcquire(mine))))._tag, "Conflict")
    })))

  it.effect("A3 F37 retries used up, and the last look fails: its error", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ holderIdentity: "" })
      yield* inject(conflict.pipe(Fault.on("patch")))
      yield* inject(Fault.unsent().pipe(Fault.on("get"), Fault.skip(1)))
      assert.strictEqual((yield* Effect.flip(tryAcquire({ ...mine, acquireRetries: 0 })))._tag, "Transient")
    })))

  for (const operation of ["get", "create"] as const) {
    it.effect(`F37 Transient at ${operation} is tried again acquireRetries times, then told`, () =>
      scenario(Effect.gen(function*() {
        yield* inject(Fault.serviceUnavailable().pipe(Fault.on(operation)))
        const error = yield* lasting(200)(Effect.flip(tryAcquire({ ...mine, acquireRetries: 2 })))
        assert.include(error, { _tag: "Transient", status: 503 })
        assert.lengthOf((yield* calls).filter((call) => call.operation === operation), 3)
      })))
  }

  for (
    const [title, fault, status] of [
      ["503", Fault.serviceUnavailable(), 503],
      ["429 with Retry-After", Fault.tooManyRequests("1 second"), 429]
    ] as const
  ) {
    it.effect(`F71 an acquire that times out says what the server has said last, and for how long: ${title}`, () =>
      scenario(Effect.gen(function*() {
        yield* inject(fault.pipe(Fault.times(1)))
        yield* inject(Fault.hang())
        const error = yield* lasting("4 seconds")(Effect.flip(tryAcquire(mine)))
        assert.include(error, { _tag: "Transient", kind: "Status", status })
        assert.include(error.message, "Cannot acquire lease default/leader within 4000 ms; last error: ")
        assert.include(error.message, String(status))
        assert.strictEqual("retryAfter" in error && error.retryAfter !== undefined, status === 429)
      })))
  }

  it.effect("F71 an acquire that nothing answers says so", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.hang())
      const error = yield* lasting("4 seconds")(Effect.flip(tryAcquire(mine)))
      assert.include(error, { _tag: "Transient", kind: "Timeout" })
      assert.include(error.message, "no answer within 4000 ms")
    })))

  it.effect("F71 R5 a Retry-After for which there is no time ends an acquire at once", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.tooManyRequests("30 seconds"))
      const error = yield* Effect.flip(tryAcquire(mine))
      assert.include(error, { _tag: "Transient", kind: "Status", status: 429 })
      assert.deepStrictEqual((yield* calls).map(({ operation }) => operation), ["get"])
    })))

  it.effect("R5 a retry waits for Retry-After", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.tooManyRequests("2 seconds").pipe(Fault.times(1)))
      const attempt = yield* Effect.fork(acquired(mine))
      yield* TestClock.adjust(1999)
      assert.lengthOf(yield* calls, 1)
      yield* TestClock.adjust(1)
      assert.isTrue(yield* (yield* Fiber.join(attempt)).isHeld)
    })))

  for (
    const fault of [Fault.forbidden(), Fault.unauthorized(), Fault.refuse(422)] as const
  ) {
    it.effect(`A3 a write that is refused with ${JSON.stringify(fault.behaviour)} is not tried again`, () =>
      scenario(Effect.gen(function*() {
        yield* inject(fault.pipe(Fault.on("create")))
        assert.deepStrictEqual(yield* sentBy(Effect.flip(tryAcquire(mine))), ["get", "create"])
      })))
  }
})

describe("A4 one at a time", sideBySide, () => {
  it.effect("A4 attempts of one owner come one after another, and only one holds", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("100 millis"))
      const attempts = yield* lasting("1 second")(
        Effect.all([tryAcquire(mine), tryAcquire(mine), tryAcquire(mine)], { concurrency: "unbounded" })
      )
      assert.lengthOf(attempts.filter(Option.isSome), 1)
      assert.deepStrictEqual((yield* calls).map(({ operation }) => operation), ["get", "create"])
    })))

  it.effect("A4 attempts for other leases do not wait for one another", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.hang().pipe(Fault.of(ref)))
      yield* Effect.fork(tryAcquire(mine))
      yield* settle
      assert.isTrue(yield* (yield* acquired({ ...mine, name: "another" })).isHeld)
      yield* TestClock.adjust("10 seconds")
    })))

  it.effect("A4 an acquire right after the start of a release waits for it", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired(mine)
      const sent = yield* sentBy(Effect.gen(function*() {
        const releasing = yield* Effect.fork(held.release)
        yield* Effect.yieldNow()
        const next = yield* Effect.fork(acquired(mine))
        yield* Fiber.join(releasing)
        assert.isTrue(yield* (yield* Fiber.join(next)).isHeld)
      }))
      assert.deepStrictEqual(sent, ["patch", "delete", "get", "create"])
    })))

  it.effect("A4 R6 an acquire during a release waits for its answers", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired(mine)
      yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("patch", "delete")))
      yield* Effect.fork(held.release)
      yield* settle
      const next = yield* Effect.fork(acquired(mine))
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust(2049)), ["delete"])
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust(1)), ["get", "create"])
      assert.isTrue(yield* (yield* Fiber.join(next)).isHeld)
    })))

  it.effect("A4 T3 an acquire after one that was given up gets the lease, not contention by nobody", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("3 seconds").pipe(Fault.on("create"), Fault.times(1)))
      const first = yield* Effect.fork(tryAcquire(mine))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      const second = yield* Effect.fork(acquired(mine))
      yield* TestClock.adjust("2 seconds")
      const held = yield* Fiber.join(second)
      assert.isTrue(yield* held.isHeld)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(yield* held.isHeld)
      assert.lengthOf(yield* Effect.flatMap(LeaseService, ({ held }) => held), 1)
    })))

  it.effect("A4 an acquire that stops waiting for its turn leaves the others theirs", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("get"), Fault.times(1)))
      const first = yield* Effect.fork(tryAcquire({ ...mine, acquireTimeout: "500 millis" }))
      const second = yield* Effect.fork(tryAcquire(mine))
      const third = yield* Effect.fork(acquired(mine))
      yield* settle
      yield* Fiber.interrupt(second)
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* (yield* Fiber.join(third)).isHeld)
      assert.strictEqual((yield* Effect.flip(Fiber.join(first)))._tag, "Transient")
    })))
})

it.effect("F6 the short duration that another's record names is the one that counts", () =>
  scenario(Effect.gen(function*() {
    yield* recordOf({ holderIdentity: "you", leaseDurationSeconds: 1 })
    contended(yield* tryAcquire(mine))
    yield* TestClock.adjust(999)
    contended(yield* tryAcquire(mine))
    yield* TestClock.adjust(1)
    yield* acquired(mine)
  })))

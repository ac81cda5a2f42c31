import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import type { JsonObject } from "../../src/internal/memory/json.js"
import type { KubeApi } from "../../src/KubeApi.js"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import { Conflict, Forbidden, NotFound } from "../../src/KubeError.js"
import type { LeaseObject, LeaseSpec } from "../../src/LeaseObject.js"
import { microTimeFromMillis } from "../../src/LeaseObject.js"
import * as Fault from "../../src/testing/Fault.js"
import { acquired, mine, ref, tryAcquire, yours } from "../support/leases.js"
import {
  anotherProcess,
  calls,
  inject,
  lasting,
  recordedHolder,
  recordedMillis,
  recordOf,
  scenario,
  sentBy,
  server,
  sideBySide,
  warnings
} from "../support/processes.js"
import { withSplitClock } from "../support/SplitClock.js"

/** Another's record of which E2 can say nothing. */
const undated = { holderIdentity: "you", leaseDurationSeconds: 30 }

const byKubectl = (patch: JsonObject) => Effect.flatMap(MemoryServer, (server) => server.patch(ref, patch))

const isTaken = Effect.map(Effect.orDie(tryAcquire(mine)), Option.isSome)

/** Looks at these moments, in milliseconds from now, and takes the lease at the last of them and not before. */
const takenAt = (...moments: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    let passed = 0
    for (const [i, moment] of moments.entries()) {
      yield* TestClock.adjust(moment - passed)
      passed = moment
      assert.strictEqual(yield* isTaken, i === moments.length - 1, `after ${moment} ms`)
    }
  })

describe("E1 seen", sideBySide, () => {
  it.effect("E1 a record is expired when it has not changed for its duration since it was first seen", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      yield* TestClock.adjust("1 hour")
      yield* takenAt(0, 29_999, 30_000)
    })))

  it.effect("E1 what was seen is kept across attempts, whatever came of them", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      assert.isFalse(yield* isTaken)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* inject(Fault.unsent())
        yield* lasting("1 second")(Effect.flip(tryAcquire(mine)))
      }))
      yield* takenAt(0, 18_999, 19_000)
    })))

  it.effect("E1 the record's own duration counts, not the contender's", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ ...undated, leaseDurationSeconds: 90 })
      yield* takenAt(0, 30_000, 89_999, 90_000)
    })))

  it.effect("E1 without a duration the contender's ttl counts", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ holderIdentity: "you" })
      yield* takenAt(0, 29_999, 30_000)
    })))

  for (
    const [what, change] of [
      ["a renewal", { renewTime: "1999-01-01T00:00:00.000000Z" }],
      ["another acquireTime", { acquireTime: "1999-01-01T00:00:00.000000Z" }],
      ["another term", { leaseTransitions: 7 }],
      ["another holder", { holderIdentity: "them" }]
    ] as const
  ) {
    it.effect(`E1 ${what} begins the waiting anew, when it is seen`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(undated)
        assert.isFalse(yield* isTaken)
        yield* TestClock.adjust("20 seconds")
        yield* byKubectl({ spec: change })
        yield* takenAt(5000, 30_000, 34_999, 35_000)
      })))
  }

  it.effect("E1 F32 a label begins nothing anew", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      assert.isFalse(yield* isTaken)
      yield* TestClock.adjust("20 seconds")
      yield* byKubectl({ metadata: { labels: { app: "demo" } } })
      yield* takenAt(0, 9999, 10_000)
    })))

  it.effect("E1 a record that was deleted and created anew is another", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      assert.isFalse(yield* isTaken)
      yield* TestClock.adjust("20 seconds")
      yield* Effect.flatMap(MemoryServer, (server) => server.delete(ref))
      yield* recordOf(undated)
      yield* takenAt(0, 29_999, 30_000)
    })))

  it.effect("E1 F34 the age of a record counts from the arrival of the answer that showed it", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      yield* inject(Fault.delayAnswer("3 seconds").pipe(Fault.times(1)))
      assert.isFalse(yield* lasting("3 seconds")(isTaken))
      yield* takenAt(27_000, 29_999, 30_000)
    })))

  for (const hours of [1, -1]) {
    it.effect(`E1 F33 a step of the wall clock by ${hours} h makes no record older or younger`, () =>
      scenario(withSplitClock((clock) =>
        Effect.gen(function*() {
          yield* recordOf(undated)
          assert.isFalse(yield* isTaken)
          yield* clock.stepWall(hours * 3_600_000)
          yield* takenAt(0, 29_999, 30_000)
        })
      )))
  }

  it.effect("E1 the time of a suspension does not count", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        yield* recordOf(undated)
        assert.isFalse(yield* isTaken)
        yield* clock.suspend("1 hour")
        yield* takenAt(0, 29_999, 30_000)
      })
    )))
})

describe("E2 dated", sideBySide, () => {
  const time = (millis: number) => new Date(millis).toISOString().replace("Z", "000Z")
  const renewTime = (millis: number) => ({ renewTime: time(millis) })
  const times = (millis: number) => ({ acquireTime: time(millis), ...renewTime(millis), leaseTransitions: 0 })
  const hour = 3_600_000

  /** The record of a holder that has renewed so often, every 10 seconds, and then crashed. */
  const crashed = (renewals: number) =>
    Effect.gen(function*() {
      yield* recordOf({ ...undated, ...times(0) })
      for (let renewal = 1; renewal <= renewals; renewal++) {
        yield* TestClock.adjust("10 seconds")
        yield* byKubectl({ spec: renewTime(renewal * 10_000) })
      }
    })

  it.effect("E2 a process of ours that has lost its network for good", () =>
    scenario(Effect.gen(function*() {
      const another = yield* anotherProcess
      yield* another(acquired(yours))
      yield* TestClock.adjust("10 seconds")
      yield* another(inject(Fault.unsent()))
      yield* TestClock.adjust(32_000)
      assert.isTrue(yield* isTaken)
    })))

  it.effect("E2 a record that was dated ages by the monotonic clock, without another dry run", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        yield* crashed(2)
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(yield* sentBy(isTaken), ["get", "version", "dryRun"])
        yield* clock.stepWall(hour)
        yield* takenAt(0, 11_999, 12_000)
        assert.deepStrictEqual((yield* calls).map(({ operation }) => operation).slice(3), [
          "get",
          "get",
          "get",
          "patch"
        ])
      })
    )))

  it.effect("E2 F92 a job whose runs crashed, one after the other, is run again, whoever held before", () =>
    scenario(Effect.gen(function*() {
      for (let run = 0; run < 5; run++) {
        const process = yield* anotherProcess
        yield* process(acquired({ ...mine, owner: `run-${run}` }))
        yield* process(inject(Fault.unsent()))
        yield* TestClock.adjust("33 seconds")
      }
    })))

  // + 1 s for the server's whole seconds, 1 s of maxClockSkew
  for (
    const [firstLook, taken, managedFieldsTime, renewals] of [
      [31_999, false, "everyChange", 0],
      [32_000, true, "everyChange", 0],
      [31_999, false, "everyChange", 2],
      [32_000, true, "everyChange", 2],
      [31_999, false, "ownershipChange", 0],
      [32_000, true, "ownershipChange", 0],
      [32_000, false, "ownershipChange", 2],
      [3_600_000, false, "ownershipChange", 2]
    ] as const
  ) {
    it.effect(
      `E2 ${managedFieldsTime}, ${renewals} renewals: ${
        taken ? "expired" : "fresh"
      } at first look ${firstLook} ms later`,
      () =>
        scenario(
          Effect.gen(function*() {
            yield* crashed(renewals)
            yield* TestClock.adjust(firstLook)
            assert.strictEqual(yield* isTaken, taken)
          }),
          { server: { version: managedFieldsTime === "everyChange" ? "1.36" : "1.20" } }
        )
    )
  }

  it.effect("E2 maxClockSkew is added", () =>
    scenario(Effect.gen(function*() {
      yield* crashed(0)
      yield* TestClock.adjust(35_000)
      const patient = { ...mine, maxClockSkew: "5 seconds" } as const
      assert.isTrue(Option.isNone(yield* tryAcquire(patient)))
      yield* TestClock.adjust(999)
      assert.isTrue(Option.isNone(yield* tryAcquire(patient)))
      yield* TestClock.adjust(1)
      yield* acquired(patient)
    })))

  it.effect("E2 a later writer of spec makes the record younger", () =>
    scenario(Effect.gen(function*() {
      yield* crashed(0)
      yield* TestClock.adjust("20 seconds")
      yield* byKubectl({ spec: { leaseDurationSeconds: 29 } })
      yield* TestClock.adjust("13 seconds")
      assert.isFalse(yield* isTaken)
    })))

  for (
    const [what, spec, metadata, inFront] of [
      ["without managedFields", times(0), { managedFields: [{}] }, undefined],
      ["without renewTime", { acquireTime: time(0), leaseTransitions: 0 }, {}, undefined],
      ["with a renewTime long before its change", times(-hour), {}, undefined],
      ["with a renewTime long after its change", times(hour / 2), {}, undefined],
      [
        "where the answer to a dry run does not tell the time",
        times(0),
        {},
        (api: KubeApi["Type"]): KubeApi["Type"] => ({
          ...api,
          dryRunLease: (ref) => Effect.map(api.dryRunLease(ref), (dated) => ({ ...dated, serverTimeMillis: undefined }))
        })
      ],
      ["where a dry run is refused", times(0), {}, (api: KubeApi["Type"]): KubeApi["Type"] => ({
        ...api,
        dryRunLease: (ref) => new Forbidden({ operation: "dryRun", ref, message: "not you" })
      })],
      ["where a dry run is not answered", times(0), {}, (api: KubeApi["Type"]): KubeApi["Type"] => ({
        ...api,
        dryRunLease: () => Effect.never
      })],
      [
        "that has been taken, where the server does not tell its version",
        { ...times(0), leaseTransitions: 1 },
        {},
        (api: KubeApi["Type"]): KubeApi["Type"] => ({
          ...api,
          serverVersion: new Forbidden({ operation: "version", ref, message: "not you" })
        })
      ],
      [
        "that has been taken, where the server says that it is one before 1.25",
        { ...times(0), leaseTransitions: 1 },
        {},
        (api: KubeApi["Type"]): KubeApi["Type"] => ({ ...api, serverVersion: Effect.succeed({ major: 1, minor: 24 }) })
      ]
    ] as const
  ) {
    it.effect(`E2 E3 says nothing of a record ${what}`, () =>
      scenario(
        Effect.gen(function*() {
          yield* recordOf({ ...undated, ...spec }, metadata)
          yield* TestClock.adjust("1 hour")
          assert.isFalse(yield* lasting("1 second")(isTaken))
          yield* takenAt(0, 28_999, 29_000)
        }),
        inFront === undefined ? {} : { inFront }
      ))
  }

  it.effect("E2 an entry of managedFields without time says nothing", () =>
    scenario(Effect.gen(function*() {
      const managedFields = [
        {
          manager: "you",
          operation: "Update",
          apiVersion: "coordination.k8s.io/v1",
          time: "1970-01-01T00:00:00Z",
          fieldsType: "FieldsV1",
          fieldsV1: { "f:spec": { "f:renewTime": {} } }
        },
        {
          manager: "them",
          operation: "Apply",
          apiVersion: "coordination.k8s.io/v1",
          fieldsType: "FieldsV1",
          fieldsV1: { "f:spec": { "f:strategy": {} } }
        }
      ]
      yield* recordOf({ ...undated, ...times(0) }, { managedFields })
      yield* TestClock.adjust("1 hour")
      assert.isFalse(yield* isTaken)
    })))

  it.effect("E2 a server whose clock is ahead by maxClockSkew takes nothing from a holder in its duration", () =>
    scenario(Effect.gen(function*() {
      yield* crashed(0)
      yield* server(({ setClockOffset }) => setClockOffset(1000))
      yield* TestClock.adjust(29_999)
      assert.isFalse(yield* isTaken)
    })))

  it.effect("E2 F93 what a proxy makes of Date takes nothing from a holder, and keeps nothing from a contender", () =>
    scenario(Effect.gen(function*() {
      const another = yield* anotherProcess
      yield* another(acquired(yours))
      for (const byMillis of [-hour, 31_000, hour]) {
        yield* inject(Fault.dateShift(byMillis))
        yield* TestClock.adjust("15 seconds")
        assert.isFalse(yield* isTaken)
      }
      yield* another(inject(Fault.unsent()))
      yield* TestClock.adjust("33 seconds")
      const newcomer = yield* anotherProcess
      yield* newcomer(inject(Fault.dateShift(-hour)))
      yield* newcomer(acquired(mine))
    })))

  for (const [where, by] of [["ahead", 3 * hour], ["behind", -3 * hour]] as const) {
    it.effect(`E2 F2 a live holder whose clock is hours ${where} is never judged stale`, () =>
      scenario(Effect.gen(function*() {
        yield* TestClock.adjust("1 day")
        yield* recordOf({ ...undated, ...times(24 * hour + by) })
        for (let renewal = 1; renewal <= 8; renewal++) {
          yield* TestClock.adjust("10 seconds")
          assert.isFalse(yield* isTaken)
          yield* byKubectl({ spec: renewTime(24 * hour + by + renewal * 10_000) })
        }
      })))
  }
})

describe("E3 nothing else", sideBySide, () => {
  for (const years of [10, -10]) {
    it.effect(`E3 F2 a contender whose wall clock is ${years} years off takes nothing at first look`, () =>
      scenario(withSplitClock((clock) =>
        Effect.gen(function*() {
          const another = yield* anotherProcess
          yield* another(acquired(yours))
          yield* clock.stepWall(years * 365 * 86_400_000)
          assert.isFalse(yield* isTaken)
        })
      )))
  }

  it.effect("E3 F25 an absurd duration counts too, and is logged once", () =>
    scenario(
      Effect.gen(function*() {
        yield* recordOf({ ...undated, leaseDurationSeconds: 2 ** 31 - 1 })
        for (let look = 0; look < 3; look++) {
          assert.isFalse(yield* isTaken)
          yield* TestClock.adjust("365 days")
        }
        const logged = yield* warnings
        assert.lengthOf(logged, 1)
        assert.match(String(logged[0]), /duration/i)
      })
    ))

  for (
    const [what, spec] of [
      ["with a holder only", { holderIdentity: "you" }],
      ["renewed in the year 3000", { ...undated, renewTime: "3000-01-01T00:00:00.000000Z" }],
      ["renewed in the year 1", { ...undated, renewTime: "0001-01-01T00:00:00.000000Z" }],
      ["without renewTime", { ...undated, acquireTime: "2026-01-01T00:00:00.000000Z" }]
    ] as const
  ) {
    it.effect(`E3 F25 a record ${what} is neither stolen nor a wedge`, () =>
      scenario(Effect.gen(function*() {
        yield* TestClock.adjust("1 day")
        yield* recordOf(spec)
        yield* TestClock.adjust("1 hour")
        yield* takenAt(0, 29_999, 30_000)
        assert.isAtMost(Math.abs((yield* recordedMillis("renewTime")) - (25 * 3_600_000 + 30_000)), 1000)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* recordedHolder, "me")
        assert.isAbove(yield* recordedMillis("renewTime"), yield* recordedMillis("acquireTime"))
      })))
  }
})

describe("E4 without uid", sideBySide, () => {
  /** What somebody writes by hand for a test: no uid, no managedFields, no Date. */
  const handWritten = (): KubeApi["Type"] => {
    let lease: LeaseObject | undefined
    let version = 0
    const write = (spec: LeaseSpec): LeaseObject => {
      version += 1
      lease = { metadata: { ...ref, resourceVersion: String(version) }, spec }
      return lease
    }
    const missing = new NotFound({ operation: "get", ref, kind: "leases", message: "not found" })
    return {
      getLease: () => Effect.suspend(() => lease === undefined ? missing : Effect.succeed(lease)),
      createLease: ({ spec }) => Effect.sync(() => write(spec)),
      patchLease: (_, { resourceVersion, spec }) =>
        Effect.suspend((): Effect.Effect<LeaseObject, NotFound | Conflict> => {
          if (lease === undefined) {
            return missing
          }
          return lease.metadata.resourceVersion === resourceVersion
            ? Effect.succeed(write({ ...lease.spec, ...withoutNulls(spec) }))
            : new Conflict({ operation: "patch", ref, message: "conflict" })
        }),
      deleteLease: () =>
        Effect.sync(() => {
          lease = undefined
        }),
      watchLease: () => Stream.never,
      watchNamespace: () => Stream.never,
      dryRunLease: () => Effect.suspend(() => lease === undefined ? missing : Effect.succeed(lease)),
      serverVersion: Effect.succeed({ major: 1, minor: 36 })
    }
  }

  const withoutNulls = (spec: { readonly [K in keyof LeaseSpec]?: LeaseSpec[K] | null }): LeaseSpec =>
    Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null))

  /** The same, with a record in it that was renewed at the beginning of time. */
  const withRecord = (spec: LeaseSpec) => (): KubeApi["Type"] => {
    const api = handWritten()
    return Effect.runSync(Effect.as(api.createLease({ metadata: ref, spec }), api))
  }

  for (const [firstLook, taken] of [[31_000, false], [31_001, true]] as const) {
    it.effect(`E4 renewTime + duration + maxClockSkew are ${taken ? "" : "not "}before the wall clock`, () =>
      scenario(
        Effect.gen(function*() {
          yield* TestClock.adjust(firstLook)
          assert.strictEqual(yield* isTaken, taken)
        }),
        { inFront: withRecord({ ...undated, renewTime: microTimeFromMillis(0) }) }
      ))
  }

  it.effect("E4 E1 a record without renewTime is expired once it has been seen for its duration", () =>
    scenario(takenAt(0, 3000, 29_999, 30_000), { inFront: withRecord(undated) }))

  it.effect("E4 a hand-written KubeApi is enough to acquire, renew and release", () =>
    scenario(
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* TestClock.adjust("40 seconds")
        assert.isTrue(yield* held.isHeld)
        assert.isTrue(Option.isNone(yield* tryAcquire(yours)))
        yield* held.release
        yield* acquired(yours)
      }),
      { inFront: handWritten }
    ))
})

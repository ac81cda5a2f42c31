import { describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { assert } from "vitest"
import { endedBy, leaseLost } from "../../../src/internal/decisions/ended.js"
import type { DatedAge, Evidence } from "../../../src/internal/decisions/expiry.js"
import {
  datedAgeMillis,
  isDatedExpired,
  isExpired,
  isSeenExpired,
  isUndatedExpired,
  isWorthDating,
  sight
} from "../../../src/internal/decisions/expiry.js"
import { identityOf } from "../../../src/internal/decisions/identity.js"
import { judge } from "../../../src/internal/decisions/judge.js"
import { createSpec, takeSpec } from "../../../src/internal/decisions/specs.js"
import { Transient } from "../../../src/KubeError.js"
import type { LeaseSpec, Observed } from "../../../src/LeaseObject.js"
import { microTimeFromMillis } from "../../../src/LeaseObject.js"
import { FencingToken, FencingTokenOrder, LostReason } from "../../../src/LeaseTerm.js"

/** The server's time of the last renewal of `record`. */
const renewedMillis = Date.UTC(2026, 10, 22, 6, 0, 0)

const seconds = (millis: number): string => new Date(millis).toISOString().replace(/\.\d+/, "")

const managedBy = (timeMillis: number | undefined, fieldsV1: object = { "f:spec": { "f:renewTime": {} } }) => ({
  manager: "kubernetes-lease",
  operation: "Update",
  ...(timeMillis === undefined ? {} : { time: seconds(timeMillis) }),
  fieldsV1
})

const record = (
  spec: LeaseSpec = {},
  options: {
    readonly metadata?: Partial<Observed["metadata"]>
    readonly managedFields?: ReadonlyArray<unknown>
  } = {}
): Observed => ({
  metadata: {
    namespace: "default",
    name: "leader",
    uid: "uid-1",
    resourceVersion: "100",
    creationTimestamp: seconds(renewedMillis - 60_000),
    managedFields: options.managedFields ?? [managedBy(renewedMillis)],
    ...options.metadata
  },
  spec: {
    holderIdentity: "other",
    leaseDurationSeconds: 30,
    acquireTime: microTimeFromMillis(renewedMillis - 10_000),
    renewTime: microTimeFromMillis(renewedMillis),
    leaseTransitions: 4,
    ...spec
  }
})

const withoutUid = (spec: LeaseSpec = {}): Observed => {
  const { uid: _, ...metadata } = record().metadata
  return { ...record(spec), metadata }
}

const evidence = (
  observed: Observed,
  options: {
    readonly seenForMillis?: number
    readonly wallMillis?: number
    readonly maxClockSkewMillis?: number
    readonly dated?: DatedAge
  } = {}
): Evidence => ({
  record: observed,
  sighting: { ...sight(undefined, observed, 1_000_000n), dated: options.dated },
  now: {
    monotonicNanos: 1_000_000n + BigInt(Math.round((options.seenForMillis ?? 0) * 1_000_000)),
    wallMillis: options.wallMillis ?? renewedMillis
  },
  ttlMillis: 20_000,
  maxClockSkewMillis: options.maxClockSkewMillis ?? 1000
})

describe("FencingToken", () => {
  it("F29 compares as an integer, beyond 2^53 too", () => {
    const tokens = ["1000", "999", "9007199254740993", "9007199254740992", "1"].map((text) => FencingToken(text))
    assert.deepStrictEqual(Arr.sort(tokens, FencingTokenOrder), [
      "1",
      "999",
      "1000",
      "9007199254740992",
      "9007199254740993"
    ])
  })

  it("is a positive decimal integer", () => {
    for (const text of ["", "0", "-1", "1.5", "01", "1e3", "abc"]) {
      assert.isTrue(Option.isNone(FencingToken.option(text)), text)
    }
  })
})

describe("term identity", () => {
  it("T1 a create counts from 0, a take adds one, and absent counts as 0", () => {
    const now = microTimeFromMillis(renewedMillis)
    assert.strictEqual(createSpec("me", 30, now).leaseTransitions, 0)
    assert.strictEqual(takeSpec(record({ leaseTransitions: 4 }), "me", 30, now).leaseTransitions, 5)
    assert.strictEqual(takeSpec(record({ leaseTransitions: undefined }), "me", 30, now).leaseTransitions, 1)
    assert.deepInclude(takeSpec(record(), "me", 30, now), { acquireTime: now, renewTime: now, holderIdentity: "me" })
  })

  const term = identityOf(record())

  it("F32 labels, renewals and the resourceVersion are no part of it", () => {
    const renewed = record({ renewTime: microTimeFromMillis(renewedMillis + 1), leaseDurationSeconds: 1 }, {
      metadata: { resourceVersion: "200" }
    })
    assert.deepEqual(endedBy(term, renewed), Option.none())
  })

  it("R2 tells a takeover from a record that was cleared or created anew", () => {
    for (
      const [changed, reason] of [
        [record({ holderIdentity: "third" }), { _tag: "TakenOver", by: "third" }],
        [record({ leaseTransitions: 5 }), { _tag: "TakenOver", by: "other" }],
        [record({ acquireTime: microTimeFromMillis(0) }), { _tag: "TakenOver", by: "other" }],
        [record({ holderIdentity: "" }), { _tag: "Deleted" }],
        [record({ holderIdentity: undefined }), { _tag: "Deleted" }],
        [record({}, { metadata: { uid: "uid-2" } }), { _tag: "Deleted" }]
      ] as const
    ) {
      assert.deepInclude(Option.getOrThrow(endedBy(term, changed)), reason)
    }
  })

  it("F22 an owner of the same name is another term", () => {
    const other = record({ acquireTime: microTimeFromMillis(renewedMillis + 1), leaseTransitions: 5 })
    assert.isTrue(Option.isSome(endedBy(term, other)))
  })
})

describe("E1, seen", () => {
  it("E1 a record is expired once its own duration has passed since it was first seen", () => {
    assert.isFalse(isSeenExpired(evidence(record(), { seenForMillis: 29_999.9 })))
    assert.isTrue(isSeenExpired(evidence(record(), { seenForMillis: 30_000 })))
  })

  it("E1 without a duration of its own, the contender's ttl counts", () => {
    const undated = record({ leaseDurationSeconds: undefined })
    assert.isFalse(isSeenExpired(evidence(undated, { seenForMillis: 19_999 })))
    assert.isTrue(isSeenExpired(evidence(undated, { seenForMillis: 20_000 })))
  })

  it("F33 E1 the wall clock says nothing", () => {
    assert.isFalse(isExpired(evidence(record(), { wallMillis: renewedMillis + 1e12 })))
  })

  it("F6 the short duration of a released record counts", () => {
    assert.isTrue(isSeenExpired(evidence(record({ leaseDurationSeconds: 1 }), { seenForMillis: 1000 })))
  })

  it("E1 any change of the term or of renewTime is a new sighting; a label is none", () => {
    const first = sight(undefined, record(), 1n)
    for (
      const changed of [
        record({ holderIdentity: "third" }),
        record({ renewTime: microTimeFromMillis(renewedMillis + 1) }),
        record({ acquireTime: microTimeFromMillis(renewedMillis + 1) }),
        record({ leaseTransitions: 5 }),
        record({}, { metadata: { uid: "uid-2" } })
      ]
    ) {
      assert.strictEqual(sight(first, changed, 2n).firstSeenNanos, 2n)
    }
    assert.strictEqual(sight(first, record({}, { metadata: { resourceVersion: "200" } }), 2n), first)
    assert.strictEqual(sight(first, record({ leaseDurationSeconds: 1 }), 2n), first)
  })
})

describe("E2, dated", () => {
  /** For how long the record had stood when the server's clock showed so many milliseconds after the renewal. */
  const ageAt = (
    millis: number,
    spec: LeaseSpec = {},
    options: {
      readonly metadata?: Partial<Observed["metadata"]>
      readonly managedFields?: ReadonlyArray<unknown>
      readonly isEveryChangeDated?: boolean
    } = {}
  ) =>
    datedAgeMillis({
      record: record({ leaseTransitions: 0, ...spec }, options),
      serverTimeMillis: renewedMillis + millis,
      isEveryChangeDated: options.isEveryChangeDated ?? false,
      maxClockSkewMillis: 1000
    })

  it("E2 the second by which the server rounds its stamps down makes a record younger, and none is younger than 0", () => {
    assert.strictEqual(ageAt(32_000), 31_000)
    assert.strictEqual(ageAt(1000), 0)
    assert.strictEqual(ageAt(-5000), 0)
  })

  it("E2 the later of the last change and renewTime counts, each with the second of its resolution", () => {
    assert.strictEqual(ageAt(34_500, { renewTime: microTimeFromMillis(renewedMillis + 2500) }), 31_000)
    assert.strictEqual(ageAt(34_500, { renewTime: microTimeFromMillis(renewedMillis - 500) }), 33_500)
  })

  it("E2 the latest of all writers of spec counts, and writers of other fields do not", () => {
    const managedFields = [
      managedBy(renewedMillis - 60_000),
      managedBy(renewedMillis, { "f:spec": { "f:holderIdentity": {} } }),
      managedBy(renewedMillis + 30_000, { "f:metadata": { "f:labels": {} } })
    ]
    assert.strictEqual(ageAt(32_000, {}, { managedFields }), 31_000)
  })

  it("E2 any server dates a record that has not been renewed since it was created", () => {
    const asCreated = { acquireTime: microTimeFromMillis(renewedMillis) }
    const metadata = { creationTimestamp: seconds(renewedMillis) }
    assert.strictEqual(ageAt(32_000, asCreated, { metadata }), 31_000)
  })

  it("E2 a renewal is dated if the stamp is later than the creation, by more than its resolution", () => {
    const createdBefore = (millis: number) => ({ metadata: { creationTimestamp: seconds(renewedMillis - millis) } })
    assert.isUndefined(ageAt(32_000, {}, createdBefore(1000)))
    assert.strictEqual(ageAt(32_000, {}, createdBefore(2000)), 31_000)
  })

  it("E2 a server since 1.25 dates every term, and every renewal however soon it comes", () => {
    const isEveryChangeDated = true
    assert.strictEqual(ageAt(32_000, { leaseTransitions: 4 }, { isEveryChangeDated }), 31_000)
    assert.strictEqual(ageAt(32_000, { leaseTransitions: undefined }, { isEveryChangeDated }), 31_000)
    assert.strictEqual(ageAt(32_000, { acquireTime: undefined }, { isEveryChangeDated }), 31_000)
    assert.strictEqual(
      ageAt(32_000, {}, { isEveryChangeDated, metadata: { creationTimestamp: seconds(renewedMillis) } }),
      31_000
    )
  })

  it("E2 a record before 1.25 that has been taken may have a second owner of its fields", () => {
    assert.isUndefined(ageAt(1e9, { leaseTransitions: 1 }))
    assert.isUndefined(ageAt(1e9, { leaseTransitions: undefined }))
    assert.isUndefined(ageAt(1e9, { acquireTime: undefined }))
    assert.isUndefined(ageAt(1e9, {}, { metadata: { creationTimestamp: undefined } }))
  })

  for (const isEveryChangeDated of [true, false]) {
    it(`E2 says nothing where something is missing or disagrees, ${isEveryChangeDated ? "since" : "before"} 1.25`, () => {
      for (
        const [why, spec, managedFields] of [
          ["no renewTime", { renewTime: undefined }, undefined],
          ["neither time", { acquireTime: undefined, renewTime: undefined }, undefined],
          ["no entry", {}, []],
          ["tracking ended", {}, [{}]],
          ["an entry without time", {}, [managedBy(renewedMillis), managedBy(undefined)]],
          ["a stamp of the acquisition only", {}, [managedBy(renewedMillis - 10_000)]],
          ["F2 a holder whose clock is behind", { renewTime: microTimeFromMillis(renewedMillis - 3600e3) }, undefined],
          ["F25 renewTime in the year 3000", { renewTime: microTimeFromMillis(Date.UTC(3000, 0)) }, undefined]
        ] as const
      ) {
        const options = { isEveryChangeDated, ...(managedFields === undefined ? {} : { managedFields }) }
        assert.isUndefined(ageAt(1e9, spec, options), why)
      }
    })
  }

  it("E2 a header is no evidence: neither early nor late does it date a record", () => {
    const dating = {
      serverTimeMillis: renewedMillis + 5000,
      isEveryChangeDated: true,
      maxClockSkewMillis: 1000
    }
    for (const serverDateMillis of [0, renewedMillis + 1e9, undefined]) {
      const observed = { ...record(), ...(serverDateMillis === undefined ? {} : { serverDateMillis }) }
      assert.strictEqual(datedAgeMillis({ ...dating, record: observed }), 4000)
      assert.isFalse(isExpired(evidence(observed)))
    }
  })

  it("E2 a record is expired once its duration and maxClockSkew have passed, the time since it was dated included", () => {
    const dated = { millis: 20_000, atNanos: 1_000_000n }
    assert.isFalse(isDatedExpired(evidence(record(), { dated, seenForMillis: 10_999.9 })))
    assert.isTrue(isDatedExpired(evidence(record(), { dated, seenForMillis: 11_000 })))
    assert.isFalse(isDatedExpired(evidence(record(), { dated, seenForMillis: 14_999, maxClockSkewMillis: 5000 })))
    assert.isTrue(isDatedExpired(evidence(record(), { dated, seenForMillis: 15_000, maxClockSkewMillis: 5000 })))
    assert.isFalse(isDatedExpired(evidence(record(), { seenForMillis: 1e9 })))
  })

  it("E2 a dry run is worth it once a record, and not where E1 tells as much", () => {
    const seenForMillis = 60_000
    const at = (millis: number) => ({
      monotonicNanos: 1_000_000n + BigInt(millis) * 1_000_000n,
      wallMillis: renewedMillis + millis - seenForMillis
    })
    assert.isTrue(isWorthDating(evidence(record()), undefined))
    assert.isTrue(isWorthDating(evidence(record(), { seenForMillis }), at(30_000)))
    assert.isFalse(isWorthDating(evidence(record(), { seenForMillis }), at(30_001)))
    assert.isFalse(isWorthDating(evidence(record(), { dated: { millis: 0, atNanos: 1n } }), undefined))
    assert.isFalse(isWorthDating(evidence(record({}, { managedFields: [] })), undefined))
    assert.isFalse(isWorthDating(evidence(record({ renewTime: undefined })), undefined))
  })
})

describe("E4, without uid", () => {
  it("E4 only a record without uid is judged by the wall clock", () => {
    assert.isFalse(isUndatedExpired(evidence(record(), { wallMillis: renewedMillis + 1e9 })))
    assert.isFalse(isUndatedExpired(evidence(withoutUid(), { wallMillis: renewedMillis + 31_000 })))
    assert.isTrue(isUndatedExpired(evidence(withoutUid(), { wallMillis: renewedMillis + 31_001 })))
    assert.isFalse(isUndatedExpired(evidence(withoutUid({ renewTime: undefined }), { wallMillis: 1e15 })))
  })
})

describe("judge", () => {
  const judged = (observed: Observed, ownNameIsTaken = false, seenForMillis = 0) =>
    judge("me", ownNameIsTaken, evidence(observed, { seenForMillis }))

  it("A2 an empty or absent holder is nobody", () => {
    assert.deepInclude(judged(record({ holderIdentity: "" })), { _tag: "Free", because: "vacant" })
    assert.deepInclude(judged(record({ holderIdentity: undefined })), { _tag: "Free", because: "vacant" })
    assert.deepInclude(judged({ metadata: record().metadata }), { _tag: "Free", because: "vacant" })
  })

  it("A2 a restarted process need not wait for itself", () => {
    assert.deepInclude(judged(record({ holderIdentity: "me" })), { _tag: "Free", because: "own" })
  })

  it("F43 a name that a term was lost to is somebody else's", () => {
    const mine = record({ holderIdentity: "me" })
    assert.deepInclude(judged(mine, true), { _tag: "Contended", by: "me", because: "duplicateOwner" })
    assert.deepInclude(judged(mine, true, 30_000), { _tag: "Free", because: "expired" })
  })

  it("A2 another's record is contention until it has expired", () => {
    assert.deepInclude(judged(record(), false, 29_999), { _tag: "Contended", by: "other", because: "fresh" })
    assert.deepInclude(judged(record(), false, 30_000), { _tag: "Free", because: "expired" })
  })

  it("F39 a record that is being deleted is contention, whoever holds it", () => {
    for (const holderIdentity of ["other", "me", ""]) {
      const terminating = record({ holderIdentity }, { metadata: { deletionTimestamp: "2026-11-22T06:00:00Z" } })
      assert.deepInclude(judged(terminating, false, 1e9), { _tag: "Contended", because: "terminating" })
    }
  })

  it("F25 a holder without times is judged by when its record last changed", () => {
    const corrupt = record({ acquireTime: undefined, renewTime: undefined, leaseDurationSeconds: undefined })
    assert.deepInclude(judged(corrupt, false, 19_999), { _tag: "Contended", because: "fresh" })
    assert.deepInclude(judged(corrupt, false, 20_000), { _tag: "Free", because: "expired" })
  })

  const anything = FastCheck.record({
    holder: FastCheck.constantFrom(undefined, "", "me", "other"),
    duration: FastCheck.option(FastCheck.integer({ min: 1, max: 100 }), { nil: undefined }),
    renewed: FastCheck.option(FastCheck.integer({ min: -100_000, max: 100_000 }), { nil: undefined }),
    dated: FastCheck.option(FastCheck.integer({ min: 0, max: 200_000 }), { nil: undefined }),
    seenFor: FastCheck.integer({ min: 0, max: 200_000 }),
    uid: FastCheck.boolean(),
    wall: FastCheck.integer({ min: -1e9, max: 1e9 }),
    taken: FastCheck.boolean()
  })

  it.prop("E3 never takes another's record that neither E1, E2 nor E4 prove expired, nor leaves one that they do", [
    anything
  ], ([given]) => {
    const spec = {
      holderIdentity: given.holder,
      leaseDurationSeconds: given.duration,
      renewTime: given.renewed === undefined ? undefined : microTimeFromMillis(renewedMillis + given.renewed)
    }
    const observed = record(spec)
    const { uid: _, ...metadata } = observed.metadata
    const proof = evidence(given.uid ? observed : { ...observed, metadata }, {
      seenForMillis: given.seenFor,
      wallMillis: renewedMillis + given.wall,
      ...(given.dated === undefined ? {} : { dated: { millis: given.dated, atNanos: 1_000_000n } })
    })
    const somebodyElses = given.holder === "other" || (given.holder === "me" && given.taken)
    const proven = isSeenExpired(proof) || isDatedExpired(proof) || isUndatedExpired(proof)
    return (judge("me", given.taken, proof)._tag === "Free") === (!somebodyElses || proven)
  })
})

describe("leaseLost", () => {
  it("F61 fits on a screen and one line, whoever has taken the lease over and whatever has failed", () => {
    const long = "x\n".repeat(100_000)
    const ref = { namespace: "default", name: "leader" }
    const lastError = new Transient({ operation: "patch", ref, kind: "Status", message: long })
    for (
      const reason of [
        LostReason.TakenOver({ by: long }),
        LostReason.Expired({ lastError: Option.some(lastError) }),
        LostReason.Failed({ defect: new Error(long) })
      ]
    ) {
      const { message } = leaseLost({ ref, owner: "me", token: FencingToken("7") }, reason)
      assert.isAtMost(message.length, 1000)
      assert.notInclude(message, "\n")
    }
  })
})

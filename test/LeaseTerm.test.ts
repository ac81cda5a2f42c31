import { describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { assert } from "vitest"
import type { LeaseSpec, Observed } from "../src/LeaseObject.js"
import { microTimeFromMillis } from "../src/LeaseObject.js"
import type { Evidence } from "../src/LeaseTerm.js"
import {
  createSpec,
  endedBy,
  FencingToken,
  FencingTokenOrder,
  identityOf,
  isDatedExpired,
  isExpired,
  isSeenExpired,
  isUndatedExpired,
  judge,
  sight,
  takeSpec
} from "../src/LeaseTerm.js"

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
    readonly serverDateMillis?: number
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
  },
  ...(options.serverDateMillis === undefined ? {} : { serverDateMillis: options.serverDateMillis })
})

const withoutUid = (spec: LeaseSpec = {}): Observed => {
  const { uid: _, ...metadata } = record().metadata
  return { ...record(spec), metadata }
}

const evidence = (
  observed: Observed,
  options: { readonly seenForMillis?: number; readonly wallMillis?: number; readonly maxClockSkew?: number } = {}
): Evidence => ({
  record: observed,
  sighting: sight(undefined, observed, 1_000_000n),
  now: {
    monotonicNanos: 1_000_000n + BigInt(Math.round((options.seenForMillis ?? 0) * 1_000_000)),
    wallMillis: options.wallMillis ?? renewedMillis
  },
  ttl: Duration.seconds(20),
  maxClockSkew: Duration.millis(options.maxClockSkew ?? 1000)
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
  const observedAfter = (
    millis: number,
    spec: LeaseSpec = {},
    managedFields?: ReadonlyArray<unknown>,
    metadata: Partial<Observed["metadata"]> = {}
  ) =>
    evidence(record({ leaseTransitions: 0, ...spec }, {
      metadata,
      serverDateMillis: renewedMillis + millis,
      ...(managedFields === undefined ? {} : { managedFields })
    }))

  it("E2 needs the duration, the second that the server's dates are rounded by, and the clock skew", () => {
    assert.isFalse(isDatedExpired(observedAfter(31_999)))
    assert.isTrue(isDatedExpired(observedAfter(32_000)))
  })

  it("E2 the later of the last change and renewTime counts, each with the second of its resolution", () => {
    const renewTime = microTimeFromMillis(renewedMillis + 2500)
    assert.isFalse(isDatedExpired(observedAfter(34_499, { renewTime })))
    assert.isTrue(isDatedExpired(observedAfter(34_500, { renewTime })))
  })

  it("E2 the latest of all writers of spec counts, and writers of other fields do not", () => {
    const fields = [
      managedBy(renewedMillis - 60_000),
      managedBy(renewedMillis, { "f:spec": { "f:holderIdentity": {} } }),
      managedBy(renewedMillis + 30_000, { "f:metadata": { "f:labels": {} } })
    ]
    assert.isFalse(isDatedExpired(observedAfter(31_999, {}, fields)))
    assert.isTrue(isDatedExpired(observedAfter(32_000, {}, fields)))
  })

  it("E2 any server dates a record that has not been renewed since it was created", () => {
    const asCreated = { acquireTime: microTimeFromMillis(renewedMillis) }
    const metadata = { creationTimestamp: seconds(renewedMillis) }
    assert.isFalse(isDatedExpired(observedAfter(31_999, asCreated, undefined, metadata)))
    assert.isTrue(isDatedExpired(observedAfter(32_000, asCreated, undefined, metadata)))
  })

  it("E2 a renewal is dated if the date is later than the creation, by more than its resolution", () => {
    const createdBefore = (millis: number) => ({ creationTimestamp: seconds(renewedMillis - millis) })
    assert.isFalse(isDatedExpired(observedAfter(32_000, {}, undefined, createdBefore(1000))))
    assert.isTrue(isDatedExpired(observedAfter(32_000, {}, undefined, createdBefore(2000))))
  })

  it("E2 says nothing where something is missing or disagrees", () => {
    for (
      const [why, silent] of [
        ["no Date", evidence(record({ leaseTransitions: 0 }))],
        ["no renewTime", observedAfter(1e9, { renewTime: undefined })],
        ["no acquireTime", observedAfter(1e9, { acquireTime: undefined })],
        ["neither", observedAfter(1e9, { acquireTime: undefined, renewTime: undefined })],
        [
          "a record that has been taken, maybe by a second owner of its fields",
          observedAfter(1e9, { leaseTransitions: 1 })
        ],
        ["no leaseTransitions", observedAfter(1e9, { leaseTransitions: undefined })],
        ["no creationTimestamp", observedAfter(1e9, {}, undefined, { creationTimestamp: undefined })],
        ["no entry", observedAfter(1e9, {}, [])],
        ["tracking ended", observedAfter(1e9, {}, [{}])],
        ["an entry without time", observedAfter(1e9, {}, [managedBy(renewedMillis), managedBy(undefined)])],
        [
          "a server before 1.25, which dates the acquisition only",
          observedAfter(1e9, {}, [managedBy(renewedMillis - 10_000)])
        ],
        [
          "F2 a holder whose clock is behind",
          observedAfter(1e9, { renewTime: microTimeFromMillis(renewedMillis - 3600e3) })
        ],
        ["F25 renewTime in the year 3000", observedAfter(1e9, { renewTime: microTimeFromMillis(Date.UTC(3000, 0)) })]
      ] as const
    ) {
      assert.isFalse(isDatedExpired(silent), why)
    }
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
    transitions: FastCheck.constantFrom(0, 0, 1),
    duration: FastCheck.option(FastCheck.integer({ min: 1, max: 100 }), { nil: undefined }),
    renewed: FastCheck.option(FastCheck.integer({ min: -100_000, max: 100_000 }), { nil: undefined }),
    changed: FastCheck.option(FastCheck.integer({ min: -100_000, max: 100_000 }), { nil: undefined }),
    date: FastCheck.option(FastCheck.integer({ min: -100_000, max: 300_000 }), { nil: undefined }),
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
      leaseTransitions: given.transitions,
      renewTime: given.renewed === undefined ? undefined : microTimeFromMillis(renewedMillis + given.renewed)
    }
    const options = {
      managedFields: given.changed === undefined ? [] : [managedBy(renewedMillis + given.changed)],
      ...(given.date === undefined ? {} : { serverDateMillis: renewedMillis + given.date })
    }
    const observed = record(spec, options)
    const { uid: _, ...metadata } = observed.metadata
    const proof = evidence(given.uid ? observed : { ...observed, metadata }, {
      seenForMillis: given.seenFor,
      wallMillis: renewedMillis + given.wall
    })
    const somebodyElses = given.holder === "other" || (given.holder === "me" && given.taken)
    const proven = isSeenExpired(proof) || isDatedExpired(proof) || isUndatedExpired(proof)
    return (judge("me", given.taken, proof)._tag === "Free") === (!somebodyElses || proven)
  })
})

import { describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { assert } from "vitest"
import { draftToJson, LeaseResource, MicroTime, MicroTimeFromString, patchToJson } from "../../../src/LeaseObject.js"

const decodeTime = Schema.decodeUnknownSync(MicroTimeFromString)
const encodeTime = Schema.encodeSync(MicroTimeFromString)
const decodeLease = Schema.decodeUnknownSync(LeaseResource)
const encodeLease = Schema.encodeSync(LeaseResource)

const lease = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { namespace: "default", name: "leader", uid: "u", resourceVersion: "1" },
  spec: { holderIdentity: "me", leaseDurationSeconds: 30 }
}

const micros = FastCheck.bigInt({ min: -62_167_219_200_000_000n, max: 253_402_300_799_999_999n })

describe("MicroTime", () => {
  it("F1 writes exactly six fraction digits", () => {
    assert.strictEqual(encodeTime(MicroTime(1_795_327_200_123_456n)), "2026-11-22T06:00:00.123456Z")
    assert.strictEqual(encodeTime(MicroTime(1_795_327_200_000_000n)), "2026-11-22T06:00:00.000000Z")
    assert.strictEqual(encodeTime(MicroTime(-1n)), "1969-12-31T23:59:59.999999Z")
    assert.strictEqual(encodeTime(MicroTime(-62_167_219_200_000_000n)), "0000-01-01T00:00:00.000000Z")
    assert.strictEqual(encodeTime(MicroTime(253_402_300_799_999_999n)), "9999-12-31T23:59:59.999999Z")
  })

  it("C6 reads any fraction of a second and any offset", () => {
    const whole = 1_795_327_200_000_000n
    for (
      const [text, expected] of [
        ["2026-11-22T06:00:00Z", whole],
        ["2026-11-22T06:00:00.1Z", whole + 100_000n],
        ["2026-11-22T06:00:00.123Z", whole + 123_000n],
        ["2026-11-22T06:00:00.123456Z", whole + 123_456n],
        ["2026-11-22T06:00:00.123456789Z", whole + 123_456n],
        ["2026-11-22T07:30:00.000001+01:30", whole + 1n],
        ["2026-11-21T22:00:00-08:00", whole],
        ["0001-01-01T00:00:00Z", -62_135_596_800_000_000n],
        ["2024-02-29t00:00:00z", 1_709_164_800_000_000n]
      ] as const
    ) {
      assert.strictEqual(decodeTime(text), expected, text)
    }
  })

  it("C6 refuses what is no RFC 3339 date-time", () => {
    for (
      const text of [
        "",
        "2026-11-22",
        "2026-11-22T06:00:00",
        "2026-11-22 06:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T06:60:00Z",
        "2026-11-22T06:00:60Z",
        "2026-11-22T06:00:00.Z",
        "2026-11-22T06:00:00+24:00",
        "12026-11-22T06:00:00Z"
      ]
    ) {
      assert.throws(() => decodeTime(text), /RFC 3339/, text)
    }
  })

  it("refuses to write a year that RFC 3339 does not have", () => {
    assert.throws(() => encodeTime(MicroTime(253_402_300_800_000_000n)), /0000 to 9999/)
    assert.throws(() => encodeTime(MicroTime(-62_167_219_200_000_001n)), /0000 to 9999/)
  })

  it.prop("F1 round-trips every microsecond of the years 0000 to 9999", [micros], ([time]) => {
    const text = encodeTime(MicroTime(time))
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text) && decodeTime(text) === time
  })
})

describe("LeaseResource", () => {
  it("C6 keeps the fields that it does not know", () => {
    const sent = {
      ...lease,
      status: { later: [1, 2] },
      metadata: { ...lease.metadata, labels: { a: "b" }, annotations: { c: "d" }, finalizers: ["x/y"] },
      spec: {
        ...lease.spec,
        acquireTime: "2026-11-22T06:00:00.123456Z",
        renewTime: "2026-11-22T06:00:10.000000Z",
        leaseTransitions: 3,
        strategy: "OldestEmulationVersion"
      }
    }
    assert.deepStrictEqual<unknown>(encodeLease(decodeLease(sent)), sent)
  })

  it("F64 C6 __proto__ among them, which gives a record no fields that nobody sent", () => {
    const text = JSON.stringify({ ...lease, here: 1 }).replaceAll(
      "{",
      `{"__proto__":{"uid":"evil","finalizers":["x"]},`
    )
    const decoded = decodeLease(JSON.parse(text))
    assert.strictEqual(decoded.metadata.uid, lease.metadata.uid)
    assert.isFalse("finalizers" in decoded.metadata)
    assert.isFalse("uid" in {})
    assert.deepStrictEqual(JSON.parse(JSON.stringify(encodeLease(decoded))), JSON.parse(text))
  })

  it("C6 takes a Lease without spec, with an empty one, and with nulls", () => {
    const { spec: _, ...bare } = lease
    assert.isUndefined(decodeLease(bare).spec)
    assert.deepStrictEqual(decodeLease({ ...lease, spec: {} }).spec, {})
    assert.deepStrictEqual(decodeLease({ ...lease, spec: { holderIdentity: null, renewTime: null } }).spec, {})
    assert.isUndefined(decodeLease({ ...lease, spec: null }).spec)
  })

  it("C6 refuses what is no Lease", () => {
    for (
      const other of [
        null,
        [],
        "text",
        { ...lease, kind: "Status" },
        { ...lease, apiVersion: "coordination.k8s.io/v2" },
        { ...lease, metadata: { ...lease.metadata, resourceVersion: undefined } },
        { ...lease, metadata: { ...lease.metadata, name: "" } },
        { ...lease, spec: { leaseDurationSeconds: "30" } },
        { ...lease, spec: { renewTime: "yesterday" } },
        { ...lease, spec: { leaseTransitions: 1.5 } }
      ]
    ) {
      assert.throws(() => decodeLease(other))
    }
  })
})

describe("request bodies", () => {
  it("a draft is a whole Lease", () => {
    assert.deepStrictEqual(
      draftToJson({
        metadata: { namespace: "default", name: "leader", labels: { app: "x" } },
        spec: { holderIdentity: "me", leaseDurationSeconds: 30, renewTime: MicroTime(1n) }
      }),
      {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { namespace: "default", name: "leader", labels: { app: "x" } },
        spec: { holderIdentity: "me", leaseDurationSeconds: 30, renewTime: "1970-01-01T00:00:00.000001Z" }
      }
    )
  })

  it("a patch removes what is null and leaves what is absent or undefined", () => {
    assert.deepStrictEqual(
      patchToJson({
        resourceVersion: "7",
        spec: { holderIdentity: "", acquireTime: null, renewTime: MicroTime(0n), leaseTransitions: undefined }
      }),
      {
        metadata: { resourceVersion: "7" },
        spec: { holderIdentity: "", acquireTime: null, renewTime: "1970-01-01T00:00:00.000000Z" }
      }
    )
  })
})

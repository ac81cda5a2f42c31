import * as FastCheck from "effect/FastCheck"
import { formatMicroTime } from "../../src/internal/base/rfc3339.js"
import type { LeaseSpec } from "../../src/LeaseObject.js"
import { MicroTime } from "../../src/LeaseObject.js"

const firstMicros = -62_167_219_200_000_000n
const lastMicros = 253_402_300_799_999_999n

/** 0001-01-01T00:00:00Z, which Go writes as `null`. */
const goZeroMicros = -62_135_596_800_000_000n

/** Every one of the years 0000 to 9999 that Go takes for a time. */
export const microTime: FastCheck.Arbitrary<MicroTime> = FastCheck.oneof(
  FastCheck.bigInt({ min: firstMicros, max: lastMicros }),
  FastCheck.constantFrom(firstMicros, goZeroMicros - 1n, goZeroMicros + 1n, -1n, 0n, 1n, lastMicros)
).filter((micros) => micros !== goZeroMicros).map((micros) => MicroTime(micros))

const text = FastCheck.string({ unit: "grapheme" })
const largestInt32 = 2 ** 31 - 1

/** Every spec that servers take. */
export const leaseSpec: FastCheck.Arbitrary<LeaseSpec> = FastCheck.record({
  holderIdentity: text,
  leaseDurationSeconds: FastCheck.integer({ min: 1, max: largestInt32 }),
  acquireTime: microTime,
  renewTime: microTime,
  leaseTransitions: FastCheck.integer({ min: 0, max: largestInt32 })
}, { requiredKeys: [] })

const fieldName = FastCheck.stringMatching(/^x[A-Za-z]{1,12}$/)

/** Fields of a later version. */
const laterFields = FastCheck.dictionary(
  fieldName,
  FastCheck.letrec((tie) => ({
    json: FastCheck.oneof(
      { maxDepth: 3 },
      text,
      FastCheck.integer(),
      FastCheck.boolean(),
      FastCheck.constant(null),
      FastCheck.array(tie("json"), { maxLength: 3 }),
      FastCheck.dictionary(fieldName, tie("json"), { maxKeys: 3 })
    )
  })).json,
  { maxKeys: 3 }
)

const sentMicroTime = microTime.map((micros) => formatMicroTime(micros))
const sentTime = FastCheck.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true })
  .map((date) => date.toISOString().replace(/\.\d+/, ""))
const words = FastCheck.dictionary(fieldName, text, { maxKeys: 3 })

const withLaterFields = <A extends object>(known: FastCheck.Arbitrary<A>) =>
  FastCheck.tuple(laterFields, known).map(([later, fields]) => Object.assign(later, fields))

/** Every Lease that a server can send. */
export const leaseResource = withLaterFields(FastCheck.record({
  apiVersion: FastCheck.constant("coordination.k8s.io/v1"),
  kind: FastCheck.constant("Lease"),
  metadata: withLaterFields(FastCheck.record({
    name: FastCheck.stringMatching(/^[a-z]{1,20}$/),
    namespace: FastCheck.stringMatching(/^[a-z]{1,20}$/),
    resourceVersion: FastCheck.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String),
    uid: FastCheck.uuid(),
    generateName: text,
    generation: FastCheck.integer(),
    creationTimestamp: sentTime,
    deletionTimestamp: sentTime,
    deletionGracePeriodSeconds: FastCheck.nat(),
    labels: words,
    annotations: words,
    finalizers: FastCheck.array(text, { maxLength: 2 }),
    ownerReferences: FastCheck.array(laterFields, { maxLength: 2 }),
    managedFields: FastCheck.array(laterFields, { maxLength: 2 })
  }, { requiredKeys: ["name", "namespace", "resourceVersion"] })),
  spec: withLaterFields(FastCheck.record({
    holderIdentity: text,
    leaseDurationSeconds: FastCheck.integer({ min: 1, max: largestInt32 }),
    acquireTime: sentMicroTime,
    renewTime: sentMicroTime,
    leaseTransitions: FastCheck.integer({ min: 0, max: largestInt32 }),
    preferredHolder: text,
    strategy: text
  }, { requiredKeys: [] }))
}, { requiredKeys: ["apiVersion", "kind", "metadata"] }))

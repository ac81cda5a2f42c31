import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { KubeApi } from "../../src/KubeApi.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import { LeaseResource } from "../../src/LeaseObject.js"
import { leaseResource } from "./arbitraries.js"

const decode = Schema.decodeUnknownSync(LeaseResource)
const encode = Schema.encodeSync(LeaseResource)

describe("the codecs", () => {
  it.prop("C6 any Lease that a server can send round-trips without loss, unknown fields included", [leaseResource], (
    [lease]
  ) => {
    assert.deepStrictEqual<unknown>(encode(decode(lease)), lease)
  })

  it.effect.prop(
    "any Lease on a server that knows more fields is read whole",
    [leaseResource],
    ([lease]) =>
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* KubeApiMemory.MemoryServer
        const { name, namespace } = lease.metadata
        const stored = yield* server.create(namespace, {
          apiVersion: lease.apiVersion,
          kind: lease.kind,
          metadata: { name },
          spec: JSON.parse(JSON.stringify(lease.spec ?? {}))
        })
        const { serverDateMillis: _, ...read } = yield* api.getLease({ namespace, name })
        assert.deepStrictEqual<unknown>(encode({ ...decode(stored), ...read }), stored)
      }).pipe(Effect.provide(KubeApiMemory.layerWith({ preserveUnknownFields: true })))
  )
})

import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { fieldSetFromJson, fieldSetToJson, withoutPath } from "../../../src/internal/memory/fieldSet.js"
import type { JsonObject } from "../../../src/internal/memory/json.js"
import { at, jsonEquals } from "../../../src/internal/memory/json.js"
import { jsonPatch } from "../../../src/internal/memory/jsonPatch.js"
import { mergePatch } from "../../../src/internal/memory/mergePatch.js"
import { create, MemoryServer, ref, test } from "../../support/memoryServer.js"

/** Names that every JavaScript object inherits a value under; to a Kubernetes API server they are names as others. */
const names = ["__proto__", "constructor", "toString", "hasOwnProperty"]

const objectOf = (name: string, value: unknown): JsonObject =>
  JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`)

const text = (json: unknown) => JSON.stringify(json)

const inherited = () => Reflect.ownKeys(Object.prototype).length + Reflect.ownKeys(Object).length

describe("F89 the memory server takes a field of any name", () => {
  for (const name of names) {
    it(`${name} in a merge patch`, () => {
      const nested = objectOf(name, { a: 1 })
      assert.strictEqual(text(mergePatch({}, nested)), text(nested))
      assert.strictEqual(text(mergePatch(nested, objectOf(name, { b: 2 }))), text(objectOf(name, { a: 1, b: 2 })))
      assert.strictEqual(text(mergePatch(nested, objectOf(name, null))), "{}")
      assert.strictEqual(
        text(mergePatch({ x: nested }, { x: objectOf(name, { a: null }) })),
        text({ x: objectOf(name, {}) })
      )
    })

    it(`${name} in a JSON patch`, () => {
      const patched = (target: JsonObject, ...operations: ReadonlyArray<JsonObject>) =>
        Either.match(jsonPatch(target, operations), { onLeft: () => "refused", onRight: text })
      const path = `/${name}`
      const one = objectOf(name, 1)
      assert.strictEqual(patched({}, { op: "add", path, value: 1 }), text(one))
      assert.strictEqual(patched({ x: {} }, { op: "add", path: `/x${path}`, value: 1 }), text({ x: one }))
      assert.strictEqual(
        patched(one, { op: "test", path, value: 1 }, { op: "replace", path, value: 2 }),
        text(objectOf(name, 2))
      )
      assert.strictEqual(patched(one, { op: "copy", from: path, path: "/b" }, { op: "remove", path }), text({ b: 1 }))
      for (const op of ["remove", "replace", "test"]) {
        assert.strictEqual(patched({}, { op, path, value: {} }), "refused", `nothing to ${op}`)
      }
      assert.strictEqual(patched({}, { op: "add", path: `${path}/a`, value: 1 }), "refused", "no such parent")
    })

    it(`${name} in what a manager owns`, () => {
      const before = inherited()
      const owned = objectOf(name, objectOf(`f:${name}`, objectOf("x", {})))
      assert.strictEqual(text(fieldSetToJson(fieldSetFromJson(owned))), text(owned))
      assert.strictEqual(inherited(), before)
      const lease = { metadata: { labels: objectOf(name, "a") }, spec: objectOf(name, 1) }
      assert.strictEqual(text(withoutPath(lease, `f:spec\nf:${name}`)), text({ ...lease, spec: {} }))
      assert.strictEqual(text(withoutPath({ spec: {} }, `f:spec\nf:${name}`)), text({ spec: {} }))
    })

    it(`${name} where two values are compared`, () => {
      assert.isTrue(jsonEquals(objectOf(name, {}), objectOf(name, {})))
      assert.isFalse(jsonEquals(objectOf(name, {}), { x: 1 }))
      assert.isFalse(jsonEquals({ x: 1 }, objectOf(name, {})))
      assert.isFalse(jsonEquals(objectOf(name, { a: 1 }), objectOf(name, {})))
      assert.strictEqual(at({}, name), undefined)
    })

    test(
      `${name} among labels, annotations, the spec and forged managedFields`,
      Effect.gen(function*() {
        const server = yield* MemoryServer
        const before = inherited()
        yield* create
        const edited = yield* server.patch(ref, {
          metadata: {
            labels: objectOf(name.replaceAll("_", "x"), "a"),
            annotations: objectOf(name, "b"),
            ...objectOf(name, "c")
          },
          spec: objectOf(name, { holderIdentity: "d" })
        })
        const shown = () =>
          Effect.map(server.get(ref), (lease) => [
            at(lease, "metadata", "annotations", name),
            at(lease, "metadata", name),
            at(lease, "spec", name),
            at(lease, "spec", "holderIdentity")
          ])
        assert.deepStrictEqual(yield* shown(), ["b", "c", { holderIdentity: "d" }, "a"])
        assert.isTrue(text(edited).includes(`"f:${name}":{}`))
        yield* server.patch(ref, {
          metadata: {
            managedFields: [{
              manager: "forger",
              operation: "Update",
              apiVersion: "coordination.k8s.io/v1",
              fieldsType: "FieldsV1",
              fieldsV1: objectOf(name, objectOf(name, {}))
            }]
          }
        })
        yield* server.patch(ref, { spec: { leaseTransitions: 1 } })
        assert.deepStrictEqual(yield* shown(), ["b", "c", { holderIdentity: "d" }, "a"])
        yield* server.patch(ref, { metadata: { annotations: objectOf(name, null) }, spec: objectOf(name, null) })
        assert.deepStrictEqual(yield* shown(), [undefined, "c", undefined, "a"])
        assert.strictEqual(inherited(), before)
      }),
      { preserveUnknownFields: true }
    )
  }
})

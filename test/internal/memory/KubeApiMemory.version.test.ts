import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { traitsOf } from "../../../src/internal/memory/version.js"
import { KubeApi } from "../../../src/KubeApi.js"
import * as KubeApiMemory from "../../../src/KubeApiMemory.js"

describe("KubeApiMemory, version", () => {
  it("what differs follows from the version", () => {
    const traits = (major: number, minor: number) => Object.values(traitsOf({ major, minor }))
    assert.deepStrictEqual(traits(1, 20), ["ownershipChange", false])
    assert.deepStrictEqual(traits(1, 24), ["ownershipChange", false])
    assert.deepStrictEqual(traits(1, 25), ["everyChange", false])
    assert.deepStrictEqual(traits(1, 35), ["everyChange", false])
    assert.deepStrictEqual(traits(1, 36), ["everyChange", true])
    assert.deepStrictEqual(traits(2, 0), ["everyChange", true])
  })

  for (
    const [options, expected] of [
      [{}, { major: 1, minor: 36 }],
      [{ version: "1.20" }, { major: 1, minor: 20 }],
      [{ version: "2.7" }, { major: 2, minor: 7 }]
    ] as const
  ) {
    it.effect(`${JSON.stringify(options)} is told as ${expected.major}.${expected.minor}`, () =>
      Effect.gen(function*() {
        const { serverVersion } = yield* KubeApi
        assert.deepStrictEqual(yield* serverVersion, expected)
      }).pipe(Effect.provide(KubeApiMemory.layerWith(options))))
  }

  it("what is no version is refused at once", () => {
    // @ts-expect-error A version has a minor.
    assert.throws(() => KubeApiMemory.layerWith({ version: "1" }), /is "1": give major and minor/)
    // Of the type, but no version.
    assert.throws(() => KubeApiMemory.layerWith({ version: "1.-2" }), RangeError)
  })
})

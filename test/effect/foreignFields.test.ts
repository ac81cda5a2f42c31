import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import type { JsonObject } from "../../src/internal/memory/json.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import * as Fault from "../../src/testing/Fault.js"
import { acquired, mine, ref, tryAcquire } from "../support/leases.js"
import type { World } from "../support/processes.js"
import { inject, recorded, recordedHolder, recordOf, scenario, server, sideBySide } from "../support/processes.js"

/** What others keep in the record, and what the library has no word for. */
const foreign = {
  metadata: {
    labels: { app: "demo", team: "infra" },
    annotations: { "example.com/note": "keep me" },
    finalizers: ["example.com/hold"],
    ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "demo", uid: "6f6b…" }]
  },
  spec: { strategy: "OldestEmulationVersion" }
} as const

/** What only a later server may know. */
const unknown = {
  metadata: { futureMetadata: { a: [1] } },
  spec: {
    preferredHolder: "you",
    shards: { a: 1, b: [null, "x"] },
    ...JSON.parse("{\"__proto__\":{\"holderIdentity\":\"you\"}}")
  }
} as const

const current = { options: {}, ...foreign }

const later = {
  options: { preserveUnknownFields: true },
  metadata: { ...foreign.metadata, ...unknown.metadata },
  spec: { ...foreign.spec, ...unknown.spec }
}

for (
  const [which, { metadata, options, spec }] of [
    ["a current server", current],
    ["a server that keeps fields of the future", later]
  ] as const
) {
  describe(`F90 what others keep in a record, on ${which}`, sideBySide, () => {
    const kept = (where: string) =>
      Effect.gen(function*() {
        for (const [part, fields] of [["metadata", metadata], ["spec", spec]] as const) {
          for (const [field, value] of Object.entries(fields)) {
            assert.deepStrictEqual(yield* recorded(part, field), value, `${part}.${field} ${where}`)
          }
        }
      })

    const test = <E>(title: string, body: Effect.Effect<void, E, World | Effect.Effect.Context<typeof taken>>) =>
      it.effect(title, () => scenario(body, { server: options }))

    const madeByAnother = (held: JsonObject = { holderIdentity: "", leaseTransitions: 4 }) =>
      recordOf({ ...spec, ...held }, metadata)

    const taken = Effect.zipRight(
      madeByAnother(),
      acquired({ ...mine, labels: { app: "mine" }, releaseMode: "clear" })
    )

    test(
      "A3 R1 X2 survives the take, every renewal and the clear",
      Effect.gen(function*() {
        const held = yield* taken
        yield* kept("after the take")
        for (const renewal of [1, 2, 3]) {
          const before = yield* recorded("spec", "renewTime")
          yield* TestClock.adjust("10 seconds")
          assert.notStrictEqual(yield* recorded("spec", "renewTime"), before)
          yield* kept(`after renewal ${renewal}`)
        }
        yield* held.release
        assert.strictEqual(yield* recordedHolder, "")
        yield* kept("after the clear")
      })
    )

    test(
      "X2 survives the delete for as long as the finalizer keeps the record",
      Effect.gen(function*() {
        yield* madeByAnother()
        const held = yield* acquired(mine)
        yield* held.release
        assert.strictEqual(yield* recordedHolder, "")
        assert.isString(yield* recorded("metadata", "deletionTimestamp"))
        yield* kept("after the delete")
      })
    )

    test(
      "X5 survives the hand-over and the successor's take",
      Effect.gen(function*() {
        const held = yield* taken
        yield* held.handOver({ to: "you" })
        assert.strictEqual(yield* recordedHolder, "you")
        yield* kept("after the hand-over")
        yield* acquired({ ...mine, owner: "you" })
        assert.strictEqual(yield* recorded("spec", "leaseTransitions"), 7)
        yield* kept("after the successor's take")
      })
    )

    test(
      "A2 survives the takeover of an expired record",
      Effect.gen(function*() {
        yield* madeByAnother({
          holderIdentity: "them",
          leaseDurationSeconds: 1,
          acquireTime: "1970-01-01T00:00:00.000000Z",
          renewTime: "1970-01-01T00:00:00.000000Z",
          leaseTransitions: 0
        })
        yield* TestClock.adjust("1 minute")
        yield* acquired(mine)
        yield* kept("after the takeover")
      })
    )

    test(
      "T3 survives that a take is given back",
      Effect.gen(function*() {
        yield* madeByAnother()
        yield* inject(Fault.answerLost().pipe(Fault.on("patch"), Fault.times(1)))
        yield* Effect.flip(tryAcquire({ ...mine, releaseMode: "clear", acquireRetries: 0 }))
        assert.deepStrictEqual([yield* recordedHolder, yield* recorded("spec", "leaseTransitions")], ["", 5])
        yield* kept("after the take was given back")
      })
    )

    test(
      "A1 survives that another client created it first",
      Effect.gen(function*() {
        yield* inject(Fault.delay("1 second").pipe(Fault.on("create"), Fault.times(1)))
        const attempt = yield* Effect.fork(acquired({ ...mine, labels: { app: "mine" } }))
        yield* TestClock.adjust("500 millis")
        yield* madeByAnother()
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(attempt)
        assert.strictEqual(yield* recordedHolder, "me")
        yield* kept("after the take that followed the conflict")
      })
    )

    test(
      "R2 what an admin puts there during a term survives the renewals",
      Effect.gen(function*() {
        yield* recordOf({ holderIdentity: "" })
        const held = yield* acquired({ ...mine, releaseMode: "clear" })
        yield* server((server) => server.patch(ref, { metadata, spec }))
        yield* TestClock.adjust("20 seconds")
        assert.isTrue(yield* held.isHeld)
        yield* kept("after the renewals")
        yield* held.release
        yield* kept("after the clear")
      })
    )
  })
}

describe("F90 servers of which versions keep it", () => {
  for (
    const [version, strategy] of [["1.36", "OldestEmulationVersion"], ["1.20", undefined]] as const
  ) {
    it.effect(`${version}: strategy is ${strategy ?? "dropped"}, preferredHolder is dropped`, () =>
      Effect.gen(function*() {
        yield* recordOf({ holderIdentity: "", ...foreign.spec, preferredHolder: "you" })
        assert.strictEqual(yield* recorded("spec", "strategy"), strategy)
        assert.isUndefined(yield* recorded("spec", "preferredHolder"))
      }).pipe(Effect.provide(KubeApiMemory.layerWith({ version }))))
  }
})

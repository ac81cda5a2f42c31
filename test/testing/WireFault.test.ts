import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { KubeApi } from "../../src/KubeApi.js"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import type { KubeError } from "../../src/KubeError.js"
import type { Behaviour, WireBehaviour } from "../../src/testing/Behaviour.js"
import * as Fault from "../../src/testing/Fault.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import * as WireFault from "../../src/testing/WireFault.js"

const ref = { namespace: "default", name: "leader" }

const Test = Layer.provideMerge(TestApiServer.layerKubeApi, TestApiServer.layer)

type AnyFault = Fault.Fault<Behaviour> | Fault.Fault<WireBehaviour>

const inject = (fault: AnyFault) => Effect.flatMap(TestApiServer.TestApiServer, (server) => server.inject(fault))

const create = Effect.flatMap(KubeApi, (api) => api.createLease({ metadata: ref, spec: { holderIdentity: "a" } }))
const get = Effect.flatMap(KubeApi, (api) => api.getLease(ref))
const watch = Stream.unwrap(Effect.map(KubeApi, (api) => api.watchLease(ref, { resourceVersion: "1" })))

const holder = Effect.flatMap(MemoryServer, (server) => server.kubeApiAs("test").getLease(ref)).pipe(
  Effect.map((lease) => lease.spec?.holderIdentity),
  Effect.option
)

const outcome = <A, R>(effect: Effect.Effect<A, KubeError, R>, expected = "ok") =>
  Effect.match(Effect.timeoutOption(effect, expected === "no answer" ? "300 millis" : "4 seconds"), {
    onFailure: (error) =>
      [
        error._tag,
        ...("kind" in error ? [error.kind] : []),
        ...("status" in error && error.status !== undefined ? [error.status] : [])
      ].join(" "),
    onSuccess: Option.match({ onNone: () => "no answer", onSome: () => "ok" })
  })

const requests: ReadonlyArray<readonly [fault: string, make: () => AnyFault, outcome: string, applied: boolean]> = [
  ["unsent", () => Fault.unsent(), "Transient Reset", false],
  ["answerLost", () => Fault.answerLost(), "Transient Reset", true],
  ["answerLost by silence", () => Fault.answerLost("Timeout"), "no answer", true],
  ["hang", () => Fault.hang(), "no answer", false],
  ["tooManyRequests", () => Fault.tooManyRequests(), "Transient Status 429", false],
  ["serviceUnavailable", () => Fault.serviceUnavailable(), "Transient Status 503", false],
  ["unauthorized twice", () => Fault.unauthorized(), "Unauthorized 401", false],
  ["unauthorized once", () => Fault.unauthorized().pipe(Fault.times(1)), "ok", true],
  ["forbidden", () => Fault.forbidden(), "Forbidden 403", false],
  ["delay", () => Fault.delay("20 millis"), "ok", true],
  ["delayAnswer", () => Fault.delayAnswer("20 millis"), "ok", true],
  ["resetMidBody", () => WireFault.resetMidBody(), "Transient Reset", true],
  ["slowBody", () => WireFault.slowBody({ chunkBytes: 200, every: "10 millis" }), "ok", true],
  ["slowBody, too slow", () => WireFault.slowBody(), "no answer", true],
  ["plainTextTooManyRequests", () => WireFault.plainTextTooManyRequests(), "Transient Status 429", false],
  ["garbageJson", () => WireFault.garbageJson(), "Transient Decode 200", true],
  ["hugeBody", () => WireFault.hugeBody(), "Transient Decode 200", true],
  ["redirect", () => WireFault.redirect("https://example.com/"), "Transient Status 307", false],
  ["answer", () => WireFault.answer({ status: 418 }), "Transient Status 418", false]
]

/** What keeps a process alive, other than timers: sockets and listeners. */
const handles = () =>
  process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout" && kind !== "Immediate").length

// Sockets and pauses on the wire take real time here.
describe("faults on the wire", () => {
  for (const [title, fault, expected, applied] of requests) {
    it.scopedLive(`${title}: ${expected}`, () =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.zipRight(
          inject(fault()),
          Effect.map(outcome(create, expected), (found) => assert.strictEqual(found, expected))
        ))
        assert.deepStrictEqual(yield* holder, applied ? Option.some("a") : Option.none())
        assert.strictEqual(yield* outcome(applied ? get : create), "ok", "and then all is well")
      }).pipe(Effect.provide(Test)))
  }

  for (const byMillis of [-3_600_000, 31_000]) {
    it.scopedLive(`F88 the Date can be ${byMillis} ms off; what the body says stays`, () =>
      Effect.gen(function*() {
        const api = yield* KubeApi
        const { serverDateMillis = 0 } = yield* create
        yield* inject(Fault.dateShift(byMillis))
        const dryRun = yield* api.dryRunLease(ref)
        assert.closeTo(dryRun.serverDateMillis ?? 0, serverDateMillis + byMillis, 2000)
        assert.closeTo(dryRun.serverTimeMillis ?? 0, serverDateMillis, 2000)
      }).pipe(Effect.provide(Test)))
  }

  for (
    const [what, fault, expected] of [
      ["another", () => Fault.date(7000), 7000],
      ["none", () => Fault.noDate(), undefined]
    ] as const
  ) {
    it.scopedLive(`F88 the Date can be ${what}, of refusals too`, () =>
      Effect.gen(function*() {
        yield* inject(fault())
        const error = yield* Effect.flip(get)
        assert.strictEqual(error._tag === "NotFound" ? error.serverDateMillis : error, expected)
        assert.strictEqual((yield* create).serverDateMillis, expected)
      }).pipe(Effect.provide(Test)))
  }

  it.scopedLive("dry runs and the version are requests of their own", () =>
    Effect.gen(function*() {
      const api = yield* KubeApi
      yield* create
      yield* inject(Fault.forbidden().pipe(Fault.on("dryRun")))
      yield* inject(Fault.serviceUnavailable().pipe(Fault.on("version"), Fault.times(1)))
      yield* inject(
        WireFault.answer({ status: 200, body: "{\"major\":\"1\",\"minor\":\"x\"}" }).pipe(Fault.on("version"))
      )
      assert.strictEqual(yield* outcome(api.dryRunLease(ref)), "Forbidden 403")
      assert.strictEqual(yield* outcome(api.serverVersion), "Transient Status 503")
      assert.strictEqual(yield* outcome(api.serverVersion), "Transient Decode 200")
      assert.strictEqual(yield* outcome(get), "ok")
      const { calls } = yield* TestApiServer.TestApiServer
      assert.deepStrictEqual((yield* calls).map(({ operation }) => operation), [
        "create",
        "dryRun",
        "version",
        "version",
        "get"
      ])
    }).pipe(Effect.provide(Test)))

  const watches: ReadonlyArray<readonly [fault: string, make: () => AnyFault, outcome: string]> = [
    ["watchCut after one event", () => Fault.watchCut({ afterEvents: 1 }), "ok"],
    ["watchCut by a reset", () => Fault.watchCut({ afterEvents: 1, as: "Reset" }), "Transient Reset"],
    ["watchSilent", () => Fault.watchSilent(), "no answer"],
    ["watchLine that is no JSON", () => WireFault.watchLine("{\"type\":"), "Transient Decode 200"],
    ["watchError 504", () => WireFault.watchError(504, "Timeout"), "Transient Status 504"],
    ["watchError 410", () => WireFault.watchError(410, "Expired"), "Transient Status 410"],
    ["resetMidBody", () => WireFault.resetMidBody(), "Transient Reset"],
    ["forbidden", () => Fault.forbidden(), "Forbidden 403"]
  ]
  for (const [title, fault, expected] of watches) {
    it.scopedLive(`a watch, ${title}: ${expected}`, () =>
      Effect.gen(function*() {
        yield* create
        yield* inject(fault())
        assert.strictEqual(yield* outcome(Stream.runDrain(watch), expected), expected)
      }).pipe(Effect.provide(Test)))
  }

  it.scopedLive("resetConnections cuts open watches", () =>
    Effect.gen(function*() {
      const server = yield* TestApiServer.TestApiServer
      const { openWatches } = yield* MemoryServer
      const watching = yield* Effect.fork(outcome(Stream.runDrain(watch)))
      yield* Effect.repeat(Effect.zipRight(Effect.sleep("1 millis"), openWatches), { until: (open) => open === 1 })
      yield* server.resetConnections
      assert.strictEqual(yield* Fiber.join(watching), "Transient Reset")
    }).pipe(Effect.provide(Test)))

  it.scopedLive("200 faults leave no watch, no connection and no handle behind", () =>
    Effect.gen(function*() {
      const before = handles()
      const faults = [
        Fault.unsent(),
        Fault.answerLost(),
        Fault.hang(),
        WireFault.resetMidBody(),
        WireFault.garbageJson(),
        WireFault.redirect("https://example.com/"),
        Fault.watchSilent(),
        Fault.watchCut({ as: "Reset" })
      ]
      yield* Effect.gen(function*() {
        const server = yield* TestApiServer.TestApiServer
        const { openWatches } = yield* MemoryServer
        yield* create
        for (let i = 0; i < 200; i++) {
          const fault = faults[i % faults.length]
          const effect = i % 16 < 8 ? Effect.asVoid(get) : Stream.runDrain(watch)
          yield* Effect.scoped(Effect.zipRight(
            fault === undefined ? Effect.void : inject(fault),
            Effect.timeoutOption(Effect.exit(effect), "10 millis")
          ))
        }
        yield* Effect.repeat(Effect.zipRight(Effect.sleep("1 millis"), openWatches), { until: (open) => open === 0 })
        yield* Effect.repeat(Effect.zipRight(Effect.sleep("1 millis"), server.openConnections), {
          until: (open) => open <= 1
        })
      }).pipe(Effect.provide(Test))
      yield* Effect.repeat(Effect.zipRight(Effect.sleep("1 millis"), Effect.sync(handles)), {
        until: (open) => open <= before
      })
    }), 15_000)
})

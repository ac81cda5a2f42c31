import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { KubeApi } from "../../src/KubeApi.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import { microTimeFromMillis } from "../../src/LeaseObject.js"
import * as Fault from "../../src/testing/Fault.js"
import * as Faults from "../../src/testing/Faults.js"

const ref = { namespace: "default", name: "leader" }
const spec = { holderIdentity: "a", leaseDurationSeconds: 30, renewTime: microTimeFromMillis(0) }

const Test = Layer.provideMerge(Faults.layerSeeded(1), KubeApiMemory.layer)

const get = Effect.flatMap(KubeApi, (api) => api.getLease(ref))
const create = Effect.flatMap(KubeApi, (api) => api.createLease({ metadata: ref, spec }))
const inject = (fault: Fault.Fault) => Effect.flatMap(Faults.Faults, (faults) => faults.inject(fault))

/** What the server has, whatever faults there are. */
const holder = Effect.flatMap(KubeApiMemory.MemoryServer, (server) => server.kubeApiAs("test").getLease(ref)).pipe(
  Effect.map((lease) => lease.spec?.holderIdentity),
  Effect.option
)

const outcome = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, {
    onFailure: (error) => "kind" in error ? `${error._tag} ${String(error.kind)}` : error._tag,
    onSuccess: () => "ok"
  })

const times = <A, E extends { readonly _tag: string }, R>(n: number, effect: Effect.Effect<A, E, R>) =>
  Effect.all(Array.from({ length: n }, () => outcome(effect)))

/** A client that gives up after a second. */
const gone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.timeout(effect, "1 second"))
    yield* TestClock.adjust("1 second")
    assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
  })

const run = (seed: number) =>
  Effect.scoped(Effect.gen(function*() {
    yield* create
    yield* inject(Fault.internalError().pipe(Fault.withProbability(0.3)))
    return yield* times(100, get)
  })).pipe(Effect.provide(Layer.provideMerge(Faults.layerSeeded(seed), KubeApiMemory.layer)))

describe("Faults", () => {
  it.scoped("without a fault nothing changes", () =>
    Effect.gen(function*() {
      const made = yield* create
      assert.deepStrictEqual(yield* get, made)
    }).pipe(Effect.provide(Test)))

  it.scoped("a request that fails before the server sees it has not happened", () =>
    Effect.gen(function*() {
      yield* inject(Fault.unsent())
      assert.strictEqual(yield* outcome(create), "Transient Connect")
      assert.deepStrictEqual(yield* holder, Option.none())
    }).pipe(Effect.provide(Test)))

  it.scoped("a request whose answer is lost has happened", () =>
    Effect.gen(function*() {
      yield* inject(Fault.answerLost().pipe(Fault.on("create"), Fault.times(1)))
      assert.strictEqual(yield* outcome(create), "Transient Reset")
      assert.deepStrictEqual(yield* holder, Option.some("a"))
      assert.strictEqual(yield* outcome(create), "Conflict")
    }).pipe(Effect.provide(Test)))

  it.scoped("refusals are the errors of the same answers over HTTPS", () =>
    Effect.gen(function*() {
      yield* create
      const refusals = [
        Fault.tooManyRequests("3 seconds"),
        Fault.internalError(),
        Fault.serviceUnavailable(),
        Fault.unauthorized(),
        Fault.forbidden(),
        Fault.refuse(422, { reason: "Invalid" })
      ]
      const errors = yield* Effect.forEach(refusals, (fault) =>
        Effect.scoped(Effect.zipRight(inject(fault), Effect.flip(get))).pipe(
          Effect.map((error) => [
            error._tag,
            "status" in error ? error.status : undefined,
            "reason" in error ? error.reason : undefined,
            "retryAfter" in error && error.retryAfter !== undefined ? Duration.format(error.retryAfter) : undefined
          ])
        ))
      assert.deepStrictEqual(errors, [
        ["Transient", 429, "TooManyRequests", "3s"],
        ["Transient", 500, "InternalError", undefined],
        ["Transient", 503, "ServiceUnavailable", undefined],
        ["Unauthorized", 401, "Unauthorized", undefined],
        ["Forbidden", 403, "Forbidden", undefined],
        ["Invalid", 422, "Invalid", undefined]
      ])
      assert.strictEqual(yield* outcome(get), "ok")
    }).pipe(Effect.provide(Test)))

  it.scoped("delays keep to the clock: a request, an answer, a landing after the client has gone", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.zipRight(inject(Fault.delay("2 seconds")), gone(create)))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* holder, Option.none(), "an abandoned request that was delayed never happens")
      yield* Effect.scoped(Effect.zipRight(inject(Fault.landLate("2 seconds")), gone(create)))
      assert.deepStrictEqual(yield* holder, Option.none())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* holder, Option.some("a"), "one that lands late happens all the same")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* inject(Fault.delayAnswer("2 seconds"))
        const api = yield* KubeApi
        const { metadata: { resourceVersion } } = yield* Effect.flatMap(
          KubeApiMemory.MemoryServer,
          (server) => server.kubeApiAs("test").getLease(ref)
        )
        yield* gone(api.patchLease(ref, { resourceVersion, spec: { holderIdentity: "b" } }))
        assert.deepStrictEqual(yield* holder, Option.some("b"), "one whose answer is late has happened at once")
      }))
    }).pipe(Effect.provide(Test)))

  it.scoped("a hanging request ends only with its client", () =>
    Effect.gen(function*() {
      yield* inject(Fault.hang({ applied: true }))
      const fiber = yield* Effect.fork(create)
      yield* TestClock.adjust("1 day")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      assert.deepStrictEqual(yield* holder, Option.some("a"))
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(Test)))

  it.scoped("times, skip, on, of and when pick the requests", () =>
    Effect.gen(function*() {
      yield* create
      yield* Effect.scoped(Effect.gen(function*() {
        yield* inject(Fault.internalError().pipe(Fault.on("get"), Fault.skip(1), Fault.times(2)))
        assert.deepStrictEqual(yield* times(5, get), ["ok", "Transient Status", "Transient Status", "ok", "ok"])
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* inject(Fault.internalError().pipe(Fault.of({ ...ref, name: "other" })))
        yield* inject(Fault.internalError().pipe(Fault.on("patch", "delete")))
        assert.strictEqual(yield* outcome(get), "ok")
      }))
      yield* inject(
        Fault.answerLost().pipe(Fault.when(({ body }) => JSON.stringify(body)?.includes(`"renewTime"`) ?? false))
      )
      const api = yield* KubeApi
      const patch = (change: object) =>
        Effect.flatMap(
          get,
          ({ metadata: { resourceVersion } }) => api.patchLease(ref, { resourceVersion, spec: change })
        )
      assert.strictEqual(yield* outcome(patch({ holderIdentity: "b" })), "ok")
      assert.strictEqual(yield* outcome(patch({ renewTime: microTimeFromMillis(1) })), "Transient Reset")
    }).pipe(Effect.provide(Test)))

  it.scoped("a fault lasts as long as it was told, or until its scope closes, or until all are cleared", () =>
    Effect.gen(function*() {
      const faults = yield* Faults.Faults
      yield* create
      yield* inject(Fault.forbidden().pipe(Fault.lasting("30 seconds")))
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* outcome(get), "Forbidden")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome(get), "ok")
      const scope = yield* Scope.make()
      yield* Scope.extend(inject(Fault.forbidden()), scope)
      assert.strictEqual(yield* outcome(get), "Forbidden")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* outcome(get), "ok")
      yield* inject(Fault.forbidden())
      yield* faults.clear
      assert.strictEqual(yield* outcome(get), "ok")
    }).pipe(Effect.provide(Test)))

  it.scoped("faults compose in the order of injection; one that answers leaves the rest for later", () =>
    Effect.gen(function*() {
      yield* create
      yield* inject(Fault.delay("1 second"))
      yield* inject(Fault.serviceUnavailable().pipe(Fault.times(1)))
      yield* inject(Fault.unauthorized().pipe(Fault.times(1)))
      const fiber = yield* Effect.fork(times(3, get))
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["Transient Status", "Unauthorized", "ok"])
    }).pipe(Effect.provide(Test)))

  it.effect("the same seed befalls the same requests", () =>
    Effect.gen(function*() {
      const first = yield* run(7)
      assert.deepStrictEqual(yield* run(7), first)
      assert.notDeepEqual(yield* run(8), first)
      const failed = first.filter((result) => result !== "ok").length
      assert.isTrue(failed > 15 && failed < 45, `${failed} of 100 at a probability of 0.3`)
    }))

  for (
    const [what, fault, expected] of [
      ["behind", () => Fault.dateShift(-5000), 55_000],
      ["ahead", () => Fault.dateShift(31_000), 91_000],
      ["another", () => Fault.date(7000), 7000],
      ["none", () => Fault.noDate(), undefined]
    ] as const
  ) {
    it.scoped(`F88 the Date of answers can be ${what}; what the body says stays`, () =>
      Effect.gen(function*() {
        const api = yield* KubeApi
        yield* TestClock.adjust("1 minute")
        yield* create
        yield* inject(fault())
        assert.strictEqual((yield* get).serverDateMillis, expected)
        const { serverDateMillis, serverTimeMillis } = yield* api.dryRunLease(ref)
        assert.deepStrictEqual([serverDateMillis, serverTimeMillis], [expected, 60_000])
        assert.deepStrictEqual(yield* api.serverVersion, { major: 1, minor: 36 })
      }).pipe(Effect.provide(Test)))
  }

  it.scoped("F88 a proxy may date one kind of answer only, and an answer without a Date is not shifted", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 minute")
      yield* create
      yield* inject(Fault.dateShift(1000).pipe(Fault.on("get")))
      yield* inject(Fault.noDate().pipe(Fault.on("get", "dryRun")))
      assert.strictEqual((yield* get).serverDateMillis, undefined)
      const dryRun = yield* Effect.flatMap(KubeApi, (api) => api.dryRunLease(ref))
      assert.deepStrictEqual([dryRun.serverDateMillis, dryRun.serverTimeMillis], [undefined, 60_000])
    }).pipe(Effect.provide(Test)))

  it.scoped("dry runs and the version are requests of their own", () =>
    Effect.gen(function*() {
      const api = yield* KubeApi
      yield* create
      yield* inject(Fault.forbidden().pipe(Fault.on("dryRun")))
      yield* inject(Fault.unsent().pipe(Fault.on("version")))
      const refused = yield* Effect.flip(api.dryRunLease(ref))
      const unsent = yield* Effect.flip(api.serverVersion)
      assert.deepStrictEqual([refused._tag, unsent._tag], ["Forbidden", "Transient"])
      assert.match(refused.message, /^Cannot ask the API server for its time by a dry run on lease default\/leader: /)
      assert.match(unsent.message, /^Cannot read the API server's version: no connection to the API server/)
      yield* get
      const calls = yield* Effect.flatMap(Faults.Faults, ({ calls }) => calls)
      assert.deepStrictEqual(calls.map(({ operation }) => operation), ["create", "dryRun", "version", "get"])
    }).pipe(Effect.provide(Test)))

  describe("watches", () => {
    const watch = Effect.gen(function*() {
      const api = yield* KubeApi
      const server = yield* KubeApiMemory.MemoryServer
      const { metadata: { resourceVersion } } = yield* create
      const fiber = yield* Effect.fork(Stream.runCollect(api.watchLease(ref, { resourceVersion })))
      yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), server.openWatches), { until: (open) => open === 1 })
      return {
        result: Effect.flatten(Fiber.await(fiber)),
        poll: Fiber.poll(fiber),
        change: (holderIdentity: string) =>
          server.patch(ref, { spec: { holderIdentity } }).pipe(Effect.orDie, Effect.zipRight(settle))
      }
    })
    const settle = Effect.repeatN(Effect.yieldNow(), 50)

    it.scoped("are cut after some events", () =>
      Effect.gen(function*() {
        yield* inject(Fault.watchCut({ afterEvents: 1, as: "Reset" }))
        const { change, result } = yield* watch
        yield* change("b")
        assert.strictEqual(yield* outcome(result), "Transient Reset")
      }).pipe(Effect.provide(Test)))

    it.scoped("end by themselves", () =>
      Effect.gen(function*() {
        yield* inject(Fault.watchCut({ afterEvents: 2 }))
        const { change, result } = yield* watch
        yield* change("b")
        yield* change("c")
        assert.strictEqual(Chunk.size(yield* result), 2)
      }).pipe(Effect.provide(Test)))

    it.scoped("fall silent for ever, open ones too", () =>
      Effect.gen(function*() {
        const { change, poll } = yield* watch
        yield* Effect.scoped(Effect.zipRight(inject(Fault.watchSilent()), change("b")))
        yield* change("c")
        yield* TestClock.adjust("10 minutes")
        assert.isTrue(Option.isNone(yield* poll))
      }).pipe(Effect.provide(Test)))

    it.scoped("are cut now", () =>
      Effect.gen(function*() {
        const faults = yield* Faults.Faults
        const { result } = yield* watch
        yield* faults.cutWatches("Reset")
        assert.strictEqual(yield* outcome(result), "Transient Reset")
      }).pipe(Effect.provide(Test)))

    it.scoped("are refused", () =>
      Effect.gen(function*() {
        yield* inject(Fault.forbidden().pipe(Fault.on("watch")))
        const api = yield* KubeApi
        assert.strictEqual(yield* outcome(Stream.runDrain(api.watchLease(ref, { resourceVersion: "1" }))), "Forbidden")
      }).pipe(Effect.provide(Test)))
  })

  it.scoped("every request is on record", () =>
    Effect.gen(function*() {
      const faults = yield* Faults.Faults
      yield* create
      yield* inject(Fault.unsent())
      yield* outcome(get)
      assert.deepStrictEqual((yield* faults.calls).map(({ operation }) => operation), ["create", "get"])
    }).pipe(Effect.provide(Test)))
})

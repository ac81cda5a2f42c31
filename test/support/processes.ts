import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { at } from "../../src/internal/memory/json.js"
import type { JsonObject } from "../../src/internal/memory/json.js"
import { KubeApi } from "../../src/KubeApi.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import type { Operation } from "../../src/KubeError.js"
import type { MicroTime } from "../../src/LeaseObject.js"
import { microTimeToMillis } from "../../src/LeaseObject.js"
import * as LeaseService from "../../src/LeaseService.js"
import type { LostReason } from "../../src/LeaseTerm.js"
import type { Call, Fault } from "../../src/testing/Fault.js"
import * as Faults from "../../src/testing/Faults.js"
import { record, ref } from "./leases.js"
import * as Logs from "./logs.js"

type Api = KubeApi["Type"]

/** For a suite: tests that wait for the real ticks of their `TestClock`s wait together, and longer on a busy machine. */
export const sideBySide = { concurrent: true, timeout: 20_000 } as const

/** One process, the faults between it and the API server, and that server for a third party. */
export type World = LeaseService.LeaseService | Faults.Faults | KubeApi | MemoryServer | Logs.Logs

/** How a world differs from the usual one. */
export interface Differences {
  readonly server?: KubeApiMemory.Options
  /** What stands before the API server: an admission webhook, a proxy. */
  readonly inFront?: (api: Api) => Api
}

/**
 * A test in a world of its own, whose renewals come exactly at their intervals and whose API server keeps to the
 * `TestClock` whatever befalls the clocks of processes. In the end the faults go away and everything is released.
 */
export const scenario = <A, E>(
  test: Effect.Effect<A, E, World | Scope.Scope>,
  { inFront = (api) => api, server = {} }: Differences = {}
): Effect.Effect<A, E> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(
      LeaseService.layer.pipe(
        Layer.provideMerge(Faults.layer),
        Layer.provideMerge(Layer.effect(KubeApi, Effect.map(KubeApi, inFront))),
        Layer.provideMerge(onItsOwnClock),
        Layer.provideMerge(KubeApiMemory.layerWith(server)),
        Layer.merge(Logs.layer)
      ),
      scope
    )
    const exit = yield* test.pipe(Scope.extend(scope), Effect.provide(context), Effect.exit)
    yield* Context.get(context, Faults.Faults).clear
    yield* inTimeIfNeedBe(Scope.close(scope, Exit.void))
    return yield* exit
  }).pipe(Effect.withRandom(Random.fixed([0])))

/** A `TestClock` takes real time to adjust: spared where nothing waits for it. */
const inTimeIfNeedBe = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    for (let step = 0; step < 500; step++) {
      if (Option.isSome(yield* Fiber.poll(fiber))) {
        return yield* Fiber.join(fiber)
      }
      yield* Effect.yieldNow()
    }
    yield* TestClock.adjust("20 seconds")
    return yield* Fiber.join(fiber)
  })

const onItsOwnClock = Layer.effectContext(Effect.gen(function*() {
  const clock = yield* Effect.clock
  const server = yield* MemoryServer
  const onClock = (api: Api): Api => ({
    ...api,
    getLease: (ref) => Effect.withClock(api.getLease(ref), clock),
    createLease: (draft) => Effect.withClock(api.createLease(draft), clock),
    patchLease: (ref, patch) => Effect.withClock(api.patchLease(ref, patch), clock),
    deleteLease: (ref, preconditions) => Effect.withClock(api.deleteLease(ref, preconditions), clock),
    dryRunLease: (ref) => Effect.withClock(api.dryRunLease(ref), clock)
  })
  return Context.make(KubeApi, onClock(yield* KubeApi)).pipe(
    Context.add(MemoryServer, { ...server, kubeApiAs: (manager) => onClock(server.kubeApiAs(manager)) })
  )
}))

/** Runs effects in one more process, which has faults of its own, over the same API server. */
export const anotherProcess = Effect.gen(function*() {
  const server = yield* MemoryServer
  const context = yield* Layer.build(
    LeaseService.layer.pipe(
      Layer.provideMerge(Faults.layer),
      Layer.provide(Layer.succeed(KubeApi, server.kubeApiAs("another-process")))
    )
  )
  yield* Effect.addFinalizer(() => Context.get(context, Faults.Faults).clear)
  return <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, context)
})

/** What a third party does at the API server, or asks it. */
export const server = <A, E>(use: (server: MemoryServer["Type"]) => Effect.Effect<A, E>) =>
  Effect.orDie(Effect.flatMap(MemoryServer, use))

export const inject = (fault: Fault) => Effect.flatMap(Faults.Faults, (faults) => faults.inject(fault))

/** Runs an effect while so much time passes. */
export const lasting =
  (duration: Parameters<typeof TestClock.adjust>[0]) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(effect)
      yield* TestClock.adjust(duration)
      return yield* Fiber.join(fiber)
    })

/** Lets every fiber go as far as it can without time passing. */
export const settle = TestClock.adjust(0)

export const calls: Effect.Effect<ReadonlyArray<Call>, never, Faults.Faults> = Effect.flatMap(
  Faults.Faults,
  ({ calls }) => calls
)

/** The operations that an effect sends. */
export const sentBy = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<Operation>, E, R | Faults.Faults> =>
  Effect.gen(function*() {
    const before = yield* calls
    yield* effect
    return (yield* calls).slice(before.length).map(({ operation }) => operation)
  })

/** A field of the record as JSON. */
export const recorded = (...path: ReadonlyArray<string>) =>
  Effect.flatMap(MemoryServer, (server) => Effect.map(server.get(ref), (lease) => at(lease, ...path)))

/** Whom the record names; `undefined` where there is none. */
export const recordedHolder = Effect.catchTag(recorded("spec", "holderIdentity"), "NotFound", () => Effect.void)

/** When a field of the record was written, by its own account. */
export const recordedMillis = (field: "acquireTime" | "renewTime") =>
  Effect.map(record, ({ spec }) => millisOf(spec?.[field]))

const millisOf = (time: MicroTime | undefined): number => time === undefined ? NaN : microTimeToMillis(time)

/** How a term has been lost, if it has: without asking its clocks. */
export const lossOf = (held: LeaseService.HeldLease): Effect.Effect<LostReason["_tag"] | undefined> =>
  Effect.gen(function*() {
    let loss: LostReason["_tag"] | undefined
    const listening = yield* Effect.fork(Effect.catchAll(held.lost, ({ reason }) =>
      Effect.sync(() => {
        loss = reason._tag
      })))
    yield* Effect.yieldNow().pipe(Effect.repeatN(3))
    yield* Fiber.interrupt(listening)
    return loss
  })

/** The Lease of `ref` as somebody else has made it. */
export const recordOf = (
  spec: JsonObject,
  metadata: JsonObject = {}
) =>
  Effect.flatMap(MemoryServer, (server) =>
    Effect.orDie(
      server.create(ref.namespace, {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { ...metadata, name: ref.name },
        spec
      })
    ))

/** What has been logged as a warning so far. */
export const warnings = Effect.map(
  Effect.flatten(Logs.Logs),
  (lines) => lines.filter(({ level }) => level === "Warning").map(({ text }) => text)
)

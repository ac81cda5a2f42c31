import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type { JsonObject } from "../../src/internal/memory/json.js"
import type { KubeApi } from "../../src/KubeApi.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import type { Operation } from "../../src/KubeError.js"
import * as LeaseService from "../../src/LeaseService.js"
import type { LeaseLost, LostReason } from "../../src/LeaseTerm.js"
import * as Faults from "../../src/testing/Faults.js"
import { acquired, mine, ref } from "./leases.js"
import type { Leftovers } from "./leftovers.js"
import { withLeftovers } from "./leftovers.js"
import * as Logs from "./logs.js"
import { settle } from "./processes.js"
import { withSplitClock } from "./SplitClock.js"
import type { SplitClock } from "./SplitClock.js"
import { millis, Wire } from "./wire.js"
import type { Answers, SentRequest } from "./wire.js"
import * as WireModule from "./wire.js"

export type TestServices =
  | LeaseService.LeaseService
  | Faults.Faults
  | KubeApi
  | KubeApiMemory.MemoryServer
  | Wire
  | Logs.Logs

type Scenario<E> = Effect.Effect<void, E, TestServices | Scope.Scope>

const services: Layer.Layer<TestServices> = LeaseService.layer.pipe(
  Layer.provideMerge(WireModule.layer),
  Layer.provideMerge(Faults.layer),
  Layer.provideMerge(KubeApiMemory.layer),
  Layer.merge(Logs.layer)
)

/** Far more than a test takes, but on a machine that does much else. */
const timeoutMillis = 30_000

/** One process over an API server in memory. No jitter: renewals stand exactly on their grid. */
export const scenario = <E>(title: string, test: Scenario<E>): void =>
  it.effect(title, () => runScenario(test), timeoutMillis)

/** The same, with clocks that move apart. */
export const splitClockScenario = <E>(title: string, test: (clock: SplitClock) => Scenario<E>): void =>
  it.effect(title, () => withSplitClock((clock) => runScenario(test(clock))), timeoutMillis)

/** The same, counting what goes on behind its back. */
export const leftoversScenario = <E>(title: string, test: (leftovers: Leftovers) => Scenario<E>): void =>
  it.effect(title, () => withLeftovers((leftovers) => runScenario(test(leftovers))), timeoutMillis)

const runScenario = <E>(test: Scenario<E>): Effect.Effect<void, E> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(services, scope)
    const exit = yield* test.pipe(Scope.extend(scope), Effect.provide(context), Effect.exit)
    // What the test leaves behind may wait for the time of a request.
    const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
    yield* settle
    while (Option.isNone(yield* Fiber.poll(closing))) {
      yield* TestClock.adjust("5 seconds")
    }
    return yield* exit
  }).pipe(withJitter(0))

/** From 0 to 1: renewals come a tenth of that part of the interval early; backoffs are that part of their upper half longer. */
export const withJitter = (fraction: number) => Effect.withRandom(Random.fixed([fraction]))

/** To an instant in seconds since the test began. */
export const advanceTo = (seconds: number): Effect.Effect<void> => TestClock.setTime(Math.round(seconds * 1000))

export const clearFaults: Effect.Effect<void, never, Faults.Faults> = Effect.flatMap(
  Faults.Faults,
  (faults) => faults.clear
)

export const answer = (answers: Answers): Effect.Effect<void, never, Wire> =>
  Effect.flatMap(Wire, (wire) => wire.answer(answers))

export const sent: Effect.Effect<ReadonlyArray<SentRequest>, never, Wire> = Effect.flatMap(Wire, (wire) => wire.sent)

/** What was sent after an instant in seconds. */
export const sentAfter = (seconds: number): Effect.Effect<ReadonlyArray<SentRequest>, never, Wire> =>
  Effect.map(sent, (requests) => requests.filter(({ sentAt }) => sentAt > seconds * 1000))

/** What was sent from an instant in seconds on, and when, in milliseconds. */
export const timeline = (
  fromSeconds: number
): Effect.Effect<ReadonlyArray<readonly [Operation, number]>, never, Wire> =>
  Effect.map(
    sent,
    (requests) =>
      requests.filter(({ sentAt }) => sentAt >= fromSeconds * 1000).map(({ operation, sentAt }) => [operation, sentAt])
  )

/** The operations sent from an instant in seconds on. */
export const operations = (fromSeconds: number): Effect.Effect<ReadonlyArray<Operation>, never, Wire> =>
  Effect.map(timeline(fromSeconds), (requests) => requests.map(([operation]) => operation))

export interface Loss {
  readonly lost: LeaseLost
  /** In milliseconds by the monotonic clock. */
  readonly at: number
}

/** A term of `mine`, and its loss so far. */
export const holding: Effect.Effect<
  { readonly held: LeaseService.HeldLease; readonly loss: Effect.Effect<Loss | undefined> },
  never,
  LeaseService.LeaseService | Scope.Scope
> = Effect.flatMap(
  Effect.suspend(() => acquired(mine)),
  (held) => Effect.map(watchLoss(held), (loss) => ({ held, loss }))
)

/** A term's loss so far, learnt without asking whether it is held. */
export const watchLoss = (
  held: LeaseService.HeldLease
): Effect.Effect<Effect.Effect<Loss | undefined>, never, Scope.Scope> =>
  Effect.suspend(() => {
    let loss: Loss | undefined
    return Effect.flip(held.lost).pipe(
      Effect.zipWith(millis, (lost, at) => {
        loss = { lost, at }
      }),
      Effect.forkScoped,
      Effect.as(Effect.map(settle, () => loss))
    )
  })

/** A release in the background, gone as far as it can go for now. */
export const forkRelease = (held: LeaseService.HeldLease) =>
  Effect.zipLeft(Effect.fork(Effect.either(held.release)), settle)

export const isDone = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<boolean> =>
  Effect.map(Fiber.poll(fiber), Option.isSome)

/** `undefined` while the term is not lost. */
export const reasonOf = (loss: Loss | undefined): LostReason["_tag"] | undefined => loss?.lost.reason._tag

/** The Lease with every field, `undefined` where there is none. */
export const stored = Effect.flatMap(KubeApiMemory.MemoryServer, (server) => server.get(ref)).pipe(
  Effect.catchTag("NotFound", () => Effect.succeed(undefined)),
  Effect.orDie
)

/** What others do to the Lease, with `kubectl` or another client. */
export const edit = (mergePatch: JsonObject): Effect.Effect<void, never, KubeApiMemory.MemoryServer> =>
  Effect.flatMap(KubeApiMemory.MemoryServer, (server) => Effect.orDie(Effect.asVoid(server.patch(ref, mergePatch))))

export const remove: Effect.Effect<void, never, KubeApiMemory.MemoryServer> = Effect.flatMap(
  KubeApiMemory.MemoryServer,
  (server) => Effect.orDie(server.delete(ref))
)

/** Deletes the Lease and creates it anew with the same spec, but for what is given. */
export const recreate = (spec: JsonObject = {}): Effect.Effect<void, never, KubeApiMemory.MemoryServer> =>
  Effect.gen(function*() {
    const server = yield* KubeApiMemory.MemoryServer
    const before = yield* server.get(ref)
    yield* server.delete(ref)
    yield* server.create(ref.namespace, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: ref.name },
      spec: { ...before.spec, ...spec }
    })
  }).pipe(Effect.orDie)

const time = "2026-11-22T06:00:00.123456Z"

/** As another process takes the lease. */
export const takenBy = (owner: string): JsonObject => ({
  spec: { holderIdentity: owner, acquireTime: time, renewTime: time, leaseTransitions: 7 }
})

/** As another client releases it. */
export const cleared: JsonObject = {
  spec: { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: time, renewTime: time }
}

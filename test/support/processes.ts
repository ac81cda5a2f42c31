import * as Chunk from "effect/Chunk"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import { KubeApi } from "../../src/KubeApi.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import type { Operation } from "../../src/KubeError.js"
import type { LeaseLost } from "../../src/LeaseTerm.js"
import type { HeldLease } from "../../src/LeaseService.js"
import * as LeaseService from "../../src/LeaseService.js"
import type { Options } from "../../src/LeaseSettings.js"
import type { Call } from "../../src/testing/Fault.js"
import * as Faults from "../../src/testing/Faults.js"
import { tryAcquire } from "./leases.js"

/** What a test has: one process, the faults between it and the API server, and the API server for a third party. */
export type Process = LeaseService.LeaseService | Faults.Faults | KubeApi | KubeApiMemory.MemoryServer

export interface Setting {
  readonly server?: KubeApiMemory.Options
  /** What stands between the process and the API server: an admission webhook, a proxy. */
  readonly between?: (api: KubeApi["Type"]) => KubeApi["Type"]
}

/**
 * Runs a test with one process whose renewals come exactly at their intervals. Afterwards the faults go away, and time
 * passes until everything is released.
 */
export const scenario = <A, E>(
  test: Effect.Effect<A, E, Process | Scope.Scope>,
  { between = (api) => api, server = {} }: Setting = {}
): Effect.Effect<A, E> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(
      LeaseService.layer.pipe(
        Layer.provideMerge(Faults.layer),
        Layer.provideMerge(rewired(between)),
        Layer.provideMerge(serverClockOfItsOwn),
        Layer.provideMerge(KubeApiMemory.layerWith(server))
      ),
      scope
    )
    const inTest = yield* Scope.fork(scope, sequential)
    const exit = yield* test.pipe(Scope.extend(inTest), Effect.provide(context), Effect.exit)
    yield* Effect.provide(Effect.flatMap(Faults.Faults, ({ clear }) => clear), context)
    const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
    yield* TestClock.adjust("20 seconds")
    yield* Fiber.join(closing)
    return yield* exit
  }).pipe(Effect.withRandom(Random.fixed([0])), Logger.withMinimumLogLevel(quiet))

/**
 * Faults around any `KubeApi`, switched on and off while a test runs.
 *
 * ```ts
 * const Test = LeaseService.layer.pipe(
 *   Layer.provideMerge(Faults.layer),
 *   Layer.provideMerge(KubeApiMemory.layer)
 * )
 *
 * it.scoped("survives a lost answer", () => Effect.gen(function*() {
 *   const faults = yield* Faults.Faults
 *   yield* faults.inject(Fault.answerLost().pipe(Fault.on("patch"), Fault.times(1)))
 *   // …
 * }).pipe(Effect.provide(Test)))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { KubeApi } from "../KubeApi.js"
import type { Call, Fault } from "./Fault.js"
import * as FaultPlan from "./internal/faultPlan.js"
import * as FaultyKubeApi from "./internal/faultyKubeApi.js"

/**
 * Injects faults into the `KubeApi` that its layer wraps.
 *
 * @since 0.1.0
 * @category services
 */
export class Faults extends Context.Tag("kubernetes-lease/testing/Faults")<Faults, {
  /**
   * From now on until the scope closes. Several faults compose: a request meets them in the order of their injection,
   * up to one that answers in the server's place.
   */
  readonly inject: (fault: Fault) => Effect.Effect<void, never, Scope.Scope>
  /** Takes every fault away. */
  readonly clear: Effect.Effect<void>
  /** Cuts every open watch now, as `Fault.watchCut` does those to come. */
  readonly cutWatches: (as: "end" | "Reset") => Effect.Effect<void>
  /** The requests so far, oldest first, befallen or not; the latest 10,000. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
}>() {}

/**
 * Wraps a `KubeApi`. Probabilities are drawn from a seed out of Effect's `Random`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KubeApi | Faults, never, KubeApi> = Layer.unwrapEffect(
  Effect.map(Random.nextInt, (seed) => layerSeeded(seed))
)

/**
 * Wraps a `KubeApi`. The same seed befalls the same requests again.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSeeded = (seed: number): Layer.Layer<KubeApi | Faults, never, KubeApi> =>
  Layer.scopedContext(Effect.gen(function*() {
    const plan = FaultPlan.make<Fault["behaviour"]>(seed)
    const faulty = yield* FaultyKubeApi.make(yield* KubeApi, plan)
    return Context.make(KubeApi, faulty.api).pipe(
      Context.add(Faults, {
        inject: plan.inject,
        clear: plan.clear,
        cutWatches: faulty.cutWatches,
        calls: faulty.calls
      })
    )
  }))

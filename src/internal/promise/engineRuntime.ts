import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import type { Engine } from "../state/engine.js"

/** What the Promise face asks of a runtime. */
export type EngineRuntime = Pick<ManagedRuntime.ManagedRuntime<Engine, never>, "runPromiseExit" | "runSync">

/**
 * Builds the engine at first use. A `ManagedRuntime` would keep how it was built beside it, which is six times as much;
 * there is nothing to dispose of, for an engine that nobody uses runs nothing.
 */
export const lazily = (layer: Layer.Layer<Engine>): EngineRuntime => {
  let built: Runtime.Runtime<Engine> | undefined
  const runtime = (): Runtime.Runtime<Engine> => {
    built ??= Runtime.make({
      ...Runtime.defaultRuntime,
      context: Effect.runSync(Effect.flatMap(Scope.make(), (scope) => Layer.buildWithScope(layer, scope)))
    })
    return built
  }
  return {
    runPromiseExit: (effect, { signal } = {}) =>
      Runtime.runPromiseExit(runtime())(effect, signal === undefined ? undefined : { signal }),
    runSync: (effect) => Runtime.runSync(runtime())(effect)
  }
}

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"

/**
 * Forks what outlives its caller: interruptible whatever the caller is, and outside the caller's span and log
 * annotations, which would otherwise never end.
 */
export const forkDetached =
  (scope: Scope.Scope) => <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Fiber.RuntimeFiber<A, E>> =>
    Effect.interruptible(effect).pipe(
      Effect.mapInputContext((context: Context.Context<never>) => Context.omit(Tracer.ParentSpan)(context)),
      Effect.locally(FiberRef.currentLogAnnotations, HashMap.empty()),
      Effect.forkIn(scope)
    )

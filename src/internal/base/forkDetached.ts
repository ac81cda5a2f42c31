import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Tracer from "effect/Tracer"

/** What runs until its scope closes. */
export type Fibers = FiberSet.FiberSet<unknown, unknown>

/**
 * Forks what outlives its caller: interruptible whatever the caller is, and outside the caller's spans and log
 * annotations, which would otherwise never end. It has no parent, for a fiber keeps the one that forked it, and all that
 * hangs on that, in memory.
 */
export const forkDetached =
  (fibers: Fibers) => <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Fiber.RuntimeFiber<A, E>> =>
    Effect.map(Effect.runtime<never>(), (runtime) => {
      const detached = runtime.pipe(
        Runtime.updateFiberRefs(withoutHistory),
        Runtime.updateContext((context) => Context.omit(Tracer.ParentSpan)(context))
      )
      const fiber = Runtime.runFork(detached)(Effect.interruptible(effect), { immediate: false })
      FiberSet.unsafeAdd(fibers, fiber)
      return fiber
    })

const notInherited: ReadonlySet<FiberRef.FiberRef<any>> = new Set<FiberRef.FiberRef<any>>([
  FiberRef.currentContext, // The runtime's takes its place.
  FiberRef.currentLogAnnotations,
  FiberRef.currentLogSpan
])

/** The present values alone, without the history that Effect keeps behind each. */
const withoutHistory = (inherited: FiberRefs.FiberRefs): FiberRefs.FiberRefs =>
  FiberRefs.unsafeMake(
    new Map(
      Array.from(FiberRefs.fiberRefs(inherited)).filter((ref) => !notInherited.has(ref)).map((ref) =>
        [ref, [[FiberId.none, Option.getOrThrow(FiberRefs.get(inherited, ref))]]] as const
      )
    )
  )

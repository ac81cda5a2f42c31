import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"

/** Whether a request is to go over a connection that is opened for it. */
export const isOnNewConnection: FiberRef.FiberRef<boolean> = globalValue(
  "kubernetes-lease/isOnNewConnection",
  () => FiberRef.unsafeMake(false)
)

/**
 * For a request that is to tell whether the server answers at all, while another one is still waited for: the connections
 * that are kept may be as dead as that one's (C4).
 */
export const onNewConnection: <A, E, R>(request: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.locally(
  isOnNewConnection,
  true
)

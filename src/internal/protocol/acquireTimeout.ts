import type * as Effect from "effect/Effect"
import type { KubeError, Transient } from "../../KubeError.js"
import { bounded } from "../base/race.js"
import { outOfTime } from "../decisions/outOfTime.js"
import type { EngineSettings } from "../settings/engineSettings.js"

/**
 * Bounds an acquire by `acquireTimeout` (A0).
 *
 * @param lastError is asked when the time is up
 */
export const withinAcquireTimeout = (
  { acquireTimeoutMillis, ref }: EngineSettings,
  lastError: () => KubeError | undefined
): <A, E>(acquire: Effect.Effect<A, E>) => Effect.Effect<A, E | Transient> =>
  bounded(
    acquireTimeoutMillis,
    () =>
      outOfTime({ doing: "acquire", operation: "get", ref, limitMillis: acquireTimeoutMillis, lastError: lastError() })
  )

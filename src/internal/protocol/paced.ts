import * as Effect from "effect/Effect"
import type { KubeError } from "../../KubeError.js"
import { millisBetween, now } from "../base/clocks.js"
import { mostRequestMillis, tellsPace } from "../state/pace.js"
import type { Attempting } from "./attempting.js"

/** A request of an attempt may take longer than usual once the server has shown that it takes longer to answer (A0). */
export const paced = <A, E extends KubeError>(
  { engine, options, settings }: Attempting,
  kind: "read" | "write",
  request: (limitMillis: number) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(now, (sentAt) => {
    const note = Effect.map(now, (endedAt) => engine.pace.note(kind, millisBetween(sentAt, endedAt)))
    const mostMillis = options.isWaiting === true
      ? mostRequestMillis(settings)
      // A caller that has gone leaves it running (T3), and the next caller waits for it (A4).
      : Math.min(mostRequestMillis(settings), settings.acquireTimeoutMillis)
    return request(engine.pace.limitMillis(kind, settings.requestTimeoutMillis, mostMillis)).pipe(
      Effect.tapBoth({
        onFailure: (error) => tellsPace(error) ? note : Effect.void,
        onSuccess: () => note
      })
    )
  })

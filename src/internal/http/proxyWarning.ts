import * as Effect from "effect/Effect"
import { log } from "../base/logging.js"
import { proxyVariableFor } from "./proxyVariables.js"

/**
 * Wraps requests until the first answer has come: one that is given up before that, as where a firewall drops what does
 * not go through a proxy, may want the proxy that the environment names. Said once.
 */
export const untilAnswered = () => {
  let isOver = false

  const warn = (baseUrl: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      const variable = isOver ? undefined : proxyVariableFor(baseUrl, process.env)
      isOver = true
      return variable === undefined ? Effect.void : log(Effect.logWarning(
        `The API server has not answered yet. ${variable} names a proxy, which this library does not use`
      ))
    })

  return (baseUrl: string) => <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    isOver ? request : request.pipe(
      Effect.tap(() => {
        isOver = true
      }),
      Effect.onInterrupt(() => warn(baseUrl))
    )
}

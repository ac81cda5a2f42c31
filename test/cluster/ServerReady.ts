import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { Cluster } from "../support/Kubeconfig.js"
import * as ApiRequest from "./ApiRequest.js"
import type { ServerProcess } from "./ServerFolder.js"

export class ServerNotReady extends Data.TaggedError("ServerNotReady")<{ readonly message: string }> {}

/** Returns when an API server says that it is ready; fails when it, or what it needs, has ended instead. */
export const waitUntilReady = (
  cluster: Cluster,
  token: string,
  servers: { readonly [name: string]: ServerProcess }
): Effect.Effect<void, ServerNotReady> =>
  ApiRequest.send(cluster, { token, path: "/readyz" }).pipe(
    Effect.option,
    Effect.repeat({
      until: Option.exists((answer) => answer.status === 200),
      schedule: Schedule.spaced("50 millis")
    }),
    Effect.raceFirst(
      Effect.raceAll(Object.entries(servers).map(([name, server]) => failWhenEnded(name, server)))
    ),
    Effect.timeoutFail({
      duration: "50 seconds",
      onTimeout: () =>
        new ServerNotReady({ message: `${Object.keys(servers).join(" and ")}: not ready within 50 seconds` })
    }),
    Effect.asVoid
  )

const failWhenEnded = Effect.fnUntraced(function*(name: string, server: ServerProcess) {
  const reason = yield* server.ended
  return yield* new ServerNotReady({
    message: `${name} ended before it was ready (${reason}):\n${yield* server.lastLines}`
  })
})

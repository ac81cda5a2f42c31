import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { RequestError } from "../../src/KubeError.js"
import type { WatchEvent } from "../../src/LeaseObject.js"
import type { ConnectionOptions } from "./connection.js"
import type { WatchScope } from "./request.js"
import { failure } from "./request.js"

/** One watch, whose events come in order, but late or not at all if the weather is bad. */
export const openWatch = (
  { dice, fieldManager, findings, node, onEvent, process, time, watch, weather }: ConnectionOptions,
  open: Set<symbol>,
  scope: WatchScope,
  resourceVersion: string
): Stream.Stream<WatchEvent, RequestError> => {
  const request = { operation: "watch", ref: { name: "*", ...scope } } as const
  let lastAt = 0

  const arrival = Effect.async<void, RequestError>((resume) => {
    const lateMillis = weather.watchesLate(node)
    const isSilent = !Number.isFinite(lateMillis)
    // In the end the network notices that nobody is there.
    lastAt = isSilent
      ? Math.max(time.now, weather.quietAt)
      : Math.max(lastAt, weather.inTime(time.now + dice.span(0.2, 4) + lateMillis))
    time.at(
      lastAt,
      () => process.post(() => resume(isSilent ? Effect.fail(failure(request, "Connect")) : Effect.void))
    )
  })

  const events = (): Stream.Stream<WatchEvent, RequestError> => {
    const trouble = weather.troubleOf(node)
    const refusal = dice.chance(Math.max(trouble.refuse, trouble.loseRequest))
      ? failure(request, "Connect")
      : weather.refusal(node, request, dice)
    return refusal === undefined
      ? whenTakenIn(onEvent)(
        Stream.mapEffect(watch(fieldManager, scope, resourceVersion), (event) =>
          Effect.map(arrival, () => {
            findings.tell(process.name, () => `sees ${event._tag}`)
            return event
          }))
      )
      : refusal === "hang"
      ? Stream.never
      : Stream.fromEffect(Effect.zipRight(arrival, Effect.fail(refusal)))
  }

  return Stream.suspend(() => {
    const id = Symbol(resourceVersion)
    open.add(id)
    findings.tell(process.name, () => `watches ${request.ref.name} from ${resourceVersion}`)
    return Stream.ensuring(events(), Effect.sync(() => open.delete(id)))
  })
}

/** Whoever asks for the next event has taken in those before. */
const whenTakenIn =
  (onEvent: (event: WatchEvent) => void) => <E>(stream: Stream.Stream<WatchEvent, E>): Stream.Stream<WatchEvent, E> =>
    Stream.fromPull(Effect.map(Stream.toPull(stream), (pull) => {
      let shown = Chunk.empty<WatchEvent>()
      return Effect.suspend(() => {
        Chunk.forEach(shown, onEvent)
        return Effect.tap(pull, (events) => {
          shown = events
        })
      })
    }))

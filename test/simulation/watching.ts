import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { RequestError } from "../../src/KubeError.js"
import type { LeaseRef, WatchEvent } from "../../src/LeaseObject.js"
import type { ConnectionOptions } from "./network.js"
import { failure } from "./request.js"

/** One watch, whose events come in order, but late or not at all if the weather is bad. */
export const openWatch = (
  { dice, fieldManager, findings, node, onEvent, process, serverProcess, time, watch, weather }: ConnectionOptions,
  watches: Set<() => void>,
  ref: LeaseRef,
  resourceVersion: string
): Stream.Stream<WatchEvent, RequestError> => {
  const request = { operation: "watch", ref } as const
  return Stream.asyncPush<WatchEvent, RequestError>((emit) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        let isOpen = true
        let isSilent = false
        let lastAt = 0
        findings.tell(process.name, () => `watches from ${resourceVersion}`)
        const deliver = (event: () => void): void => {
          lastAt = Math.max(lastAt, weather.inTime(time.now + dice.span(0.2, 4) + weather.watchesLate(node)))
          if (Number.isFinite(lastAt)) {
            time.at(lastAt, () => process.post(() => isOpen && event()))
          } else if (!isSilent) {
            isSilent = true
            // In the end the network notices that nobody is there.
            time.at(weather.quietAt, () => process.post(() => isOpen && emit.fail(failure(request, "Connect"))))
          }
        }
        const trouble = weather.troubleOf(node)
        const refusal = dice.chance(Math.max(trouble.refuse, trouble.loseRequest))
          ? failure(request, "Connect")
          : weather.refusal(node, request, dice)
        const close = (() => {
          if (refusal !== undefined) {
            if (refusal !== "hang") {
              deliver(() => emit.fail(refusal))
            }
            return () => {}
          }
          const fiber = serverProcess.run(
            Stream.runForEach(watch(fieldManager, ref, resourceVersion), (event) =>
              Effect.sync(() =>
                deliver(() => {
                  findings.tell(process.name, () => `sees ${event._tag}`)
                  onEvent(event)
                  emit.single(event)
                })
              )).pipe(
                Effect.match({
                  onFailure: (error) => deliver(() => emit.fail(error)),
                  onSuccess: () => deliver(() => emit.end())
                })
              )
          )
          return () => serverProcess.interrupt(fiber)
        })()
        const stop = (): void => {
          isOpen = false
          watches.delete(stop)
          close()
        }
        watches.add(stop)
        return stop
      }),
      (stop) => Effect.sync(stop)
    ), { bufferSize: "unbounded" })
}

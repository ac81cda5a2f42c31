import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ControlPlane } from "../cluster/ControlPlane.js"
import type { Contender } from "./contenders.js"
import { sleep } from "./contenders.js"

/** The requests that one waiting contender sends in so much time, but for its watch. */
export const requestsOfWaiting = async (
  plane: ControlPlane["Type"],
  namespace: string,
  contender: Contender,
  millis: number
): Promise<number> => {
  const local = Option.getOrThrow(plane.local)
  const name = "awaited"
  const stop = new AbortController()
  const holder = contender("holder", { name, ttlMs: 15_000, renewalIntervalMs: 5000 })
  await holder.acquire()
  const waiter = contender("waiter", { name }).waitUntilAcquired({ signal: stop.signal })
  await sleep(2000)
  const since = Date.now()
  await sleep(millis)
  const requests = await Effect.runPromise(local.leaseRequests(namespace))
  stop.abort()
  await Promise.allSettled([waiter])
  await holder.release()
  return requests.filter(({ name: of, receivedAt, verb }) =>
    of === name && receivedAt.getTime() >= since && verb !== "patch" && verb !== "watch"
  ).length
}

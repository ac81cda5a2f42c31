import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ControlPlane } from "../cluster/ControlPlane.js"
import type { Contender } from "./contenders.js"
import { sleep } from "./contenders.js"

/** How many requests so many waiting contenders send when the lease is released, all together. */
export const storm = async (
  plane: ControlPlane["Type"],
  namespace: string,
  contender: Contender,
  contenders: number
): Promise<ReadonlyMap<string, number>> => {
  const local = Option.getOrThrow(plane.local)
  const name = "crowded"
  const stop = new AbortController()
  const holder = contender("first", { name, ttlMs: 60_000 })
  await holder.acquire()
  const waiting = Array.from(
    { length: contenders },
    (_, index) => contender(`waiter-${index}`, { name, ttlMs: 60_000 })
  )
  const held = waiting.map((lease) => lease.waitUntilAcquired({ signal: stop.signal }).then(() => lease))
  await sleep(4000)
  const since = Date.now()
  await holder.release()
  const next = await Promise.race(held)
  await sleep(3000)
  const requests = await Effect.runPromise(local.leaseRequests(namespace))
  stop.abort()
  await Promise.allSettled(held)
  await next.release()
  const counts = new Map<string, number>()
  for (const { code, name: of, receivedAt, verb } of requests) {
    if (receivedAt.getTime() >= since && (of === name || of === undefined)) {
      counts.set(`${verb} ${code}`, (counts.get(`${verb} ${code}`) ?? 0) + 1)
    }
  }
  return counts
}

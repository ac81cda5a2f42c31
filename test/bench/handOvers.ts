import type { KubernetesLease, ReleaseOptions } from "../../src/KubernetesLease.js"
import { sleep } from "./contenders.js"

/** From the call of `release` to the next one's holding, in milliseconds. */
export const handOvers = async (
  pair: readonly [KubernetesLease, KubernetesLease],
  rounds: number,
  optionsFor: (successor: 0 | 1) => ReleaseOptions
): Promise<ReadonlyArray<number>> => {
  const took: Array<number> = []
  let [holder, waiter]: readonly [KubernetesLease, KubernetesLease] = pair
  let successor: 0 | 1 = 1
  await holder.waitUntilAcquired()
  for (let round = 0; round < rounds; round++) {
    const next = waiter.waitUntilAcquired()
    // Until it watches.
    await sleep(100)
    const releasedAt = performance.now()
    const released = Promise.allSettled([holder.release(optionsFor(successor))])
    await next
    took.push(performance.now() - releasedAt)
    await released
    ;[holder, waiter] = [waiter, holder]
    successor = successor === 1 ? 0 : 1
  }
  await holder.release()
  return took
}

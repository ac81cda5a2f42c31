import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { PCGRandom } from "effect/Utils"
import type { Call, Fault } from "../Fault.js"

/** The faults that are injected now, and which requests they have befallen. */
export interface FaultPlan<B> {
  readonly inject: (fault: Fault<B>) => Effect.Effect<void, never, Scope.Scope>
  /** Returns what takes the fault away. */
  readonly add: (fault: Fault<B>) => Effect.Effect<() => void>
  readonly clear: Effect.Effect<void>
  /**
   * What befalls this request, in the order of injection, up to the first behaviour that `isLast`: one that leaves
   * nothing for another to befall, which is then kept for a later request.
   */
  readonly claim: (
    call: Call,
    options: { readonly only: (behaviour: B) => boolean; readonly isLast: (behaviour: B) => boolean }
  ) => Effect.Effect<ReadonlyArray<B>>
}

interface Injected<B> {
  readonly fault: Fault<B>
  readonly overAtMillis: number
  matched: number
  befallen: number
}

export const make = <B>(seed: number): FaultPlan<B> => {
  const random = new PCGRandom(seed)
  const injected = new Set<Injected<B>>()

  const befalls = (entry: Injected<B>, call: Call, nowMillis: number): boolean => {
    const { fault } = entry
    if (nowMillis >= entry.overAtMillis || entry.befallen >= fault.times || !fault.matches(call)) {
      return false
    }
    if (fault.probability < 1 && random.number() >= fault.probability) {
      return false
    }
    entry.matched += 1
    if (entry.matched <= fault.skip) {
      return false
    }
    entry.befallen += 1
    return true
  }

  const add = (fault: Fault<B>) =>
    Effect.map(Clock.currentTimeMillis, (nowMillis) => {
      const overAtMillis = nowMillis + Duration.toMillis(fault.lasting)
      const entry = { fault, overAtMillis, matched: 0, befallen: 0 }
      injected.add(entry)
      return () => void injected.delete(entry)
    })

  return {
    add,
    inject: (fault) => Effect.asVoid(Effect.acquireRelease(add(fault), (remove) => Effect.sync(remove))),
    clear: Effect.sync(() => injected.clear()),
    claim: (call, { isLast, only }) =>
      injected.size === 0 ? Effect.succeed([]) : Effect.map(Clock.currentTimeMillis, (nowMillis) => {
        const behaviours: Array<B> = []
        for (const entry of injected) {
          if (only(entry.fault.behaviour) && befalls(entry, call, nowMillis)) {
            behaviours.push(entry.fault.behaviour)
            if (isLast(entry.fault.behaviour)) {
              break
            }
          }
        }
        return behaviours
      })
  }
}

import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type { JsonObject } from "../../src/internal/memory/json.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import type { KubeError } from "../../src/KubeError.js"
import type { LeaseRef, Observed, ServerVersion } from "../../src/LeaseObject.js"
import type { Dice } from "./dice.js"
import { Machine } from "./machine.js"
import type { ServerPlan } from "./plan.js"
import type { Request } from "./request.js"
import { perform } from "./request.js"
import type { VirtualTime } from "./virtualTime.js"

export const ref: LeaseRef = { namespace: "default", name: "simulated" }

export type Answer = Exit.Exit<Observed | ServerVersion | void, KubeError>

/** The API servers over one etcd: each replica has a clock of its own, a constant distance from the others. */
export class ControlPlane {
  readonly machine: Machine
  readonly server: KubeApiMemory.MemoryServer["Type"]
  readonly #clocks: ReadonlyArray<Clock.Clock>
  #record: { readonly value: KubeApiMemory.LeaseJson | undefined } | undefined
  readonly #apis = new Map<string, ReturnType<KubeApiMemory.MemoryServer["Type"]["kubeApiAs"]>>()

  constructor(plan: ServerPlan, time: VirtualTime, dice: Dice) {
    this.machine = new Machine(time, plan.rate, plan.wallOffset)
    this.#clocks = plan.replicas.map((ahead) => wallClock(this.machine, ahead))
    const context = Effect.runSync(
      Effect.scoped(Layer.build(KubeApiMemory.layerWith({
        version: plan.managedFieldsTime === "everyChange" ? "1.36" : "1.20",
        initialResourceVersion: plan.initialResourceVersion
      }))).pipe(Effect.withRandom(Random.make(dice.unit())))
    )
    this.server = Context.get(context, KubeApiMemory.MemoryServer)
  }

  /** As one replica answers it. */
  answer(replica: number, fieldManager: string, request: Request): Answer {
    return this.run(replica, perform(this.apiAs(fieldManager), request))
  }

  apiAs(fieldManager: string) {
    const api = this.#apis.get(fieldManager) ?? this.server.kubeApiAs(fieldManager)
    this.#apis.set(fieldManager, api)
    return api
  }

  run<A, E>(replica: number, effect: Effect.Effect<A, E>): Exit.Exit<A, E> {
    this.#record = undefined
    const clock = this.#clocks[replica] ?? this.#clocks[0]
    return Effect.runSyncExit(clock === undefined ? effect : Effect.withClock(effect, clock))
  }

  record(): KubeApiMemory.LeaseJson | undefined {
    // Asked for before and after every write.
    const known = this.#record ?? { value: Exit.getOrElse(this.run(0, this.server.get(ref)), () => undefined) }
    this.#record = known
    return known.value
  }

  /** A third party edits the record, if there is one. */
  edit(patch: JsonObject): void {
    this.run(0, this.server.patch(ref, patch))
  }
}

const wallClock = (machine: Machine, ahead: number): Clock.Clock => {
  const millis = () => Math.floor(machine.wallMillis() + ahead)
  const nanos = () => machine.monotonicNanos()
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: Effect.sync(nanos),
    sleep: () => Effect.dieMessage("An answer is computed at once")
  }
}

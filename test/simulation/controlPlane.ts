import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { formatMicroTime } from "../../src/internal/base/rfc3339.js"
import type { JsonObject } from "../../src/internal/memory/json.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import type { LeaseRef, ServerVersion } from "../../src/LeaseObject.js"
import { microTimeFromMillis } from "../../src/LeaseObject.js"
import type { Dice } from "./dice.js"
import { Machine } from "./machine.js"
import type { ServerPlan } from "./plan.js"
import type { Answer, Request, WatchScope } from "./request.js"
import { failure, perform } from "./request.js"
import type { VirtualTime } from "./virtualTime.js"

export const ref: LeaseRef = { namespace: "default", name: "simulated" }

/** Leases that nobody here ever gets: whoever waits for them as well may share a watch of the namespace. */
export const bystanderRefs: ReadonlyArray<LeaseRef> = Array.from({ length: 9 }, (_, index) => ({
  ...ref,
  name: `bystander-${index}`
}))

/** The API servers over one etcd: each replica has a clock of its own, some distance from the others. */
export class ControlPlane {
  readonly machine: Machine
  readonly server: KubeApiMemory.MemoryServer["Type"]
  readonly #clocks: ReadonlyArray<Clock.Clock>
  readonly #ahead: Array<number>
  readonly #version: ServerVersion
  #record: { readonly value: KubeApiMemory.LeaseJson | undefined } | undefined
  #hasBystanders = false
  readonly #apis = new Map<string, ReturnType<KubeApiMemory.MemoryServer["Type"]["kubeApiAs"]>>()

  constructor(plan: ServerPlan, time: VirtualTime, dice: Dice) {
    this.machine = new Machine(time, plan.rate, plan.wallOffset)
    this.#ahead = [...plan.replicas]
    this.#clocks = plan.replicas.map((_, replica) => wallClock(this.machine, () => this.#ahead[replica] ?? 0))
    this.#version = plan.managedFieldsTime === "everyChange" ? current : old
    const context = Effect.runSync(
      Effect.scoped(Layer.build(KubeApiMemory.layerWith({
        version: plan.managedFieldsTime === "everyChange" ? "1.36" : "1.20",
        initialResourceVersion: plan.initialResourceVersion
      }))).pipe(Effect.withRandom(Random.make(dice.unit())))
    )
    this.server = Context.get(context, KubeApiMemory.MemoryServer)
  }

  /** As one replica answers it. */
  answer(replica: number, fieldManager: string, request: Request, versionTold?: "older" | "unknown"): Answer {
    if (request.operation === "version") {
      return versionTold === "unknown"
        ? Exit.fail(failure(request, "Decode"))
        : Exit.succeed(versionTold === "older" ? old : this.#version)
    }
    return this.run(replica, perform(this.apiAs(fieldManager), request))
  }

  get datesEveryChange(): boolean {
    return this.#version === current
  }

  setAhead(replica: number, millis: number): void {
    this.#ahead[replica] = millis
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

  watch(fieldManager: string, { name, namespace }: WatchScope, resourceVersion: string) {
    const api = this.apiAs(fieldManager)
    return name === undefined
      ? api.watchNamespace(namespace, { resourceVersion })
      : api.watchLease({ name, namespace }, { resourceVersion })
  }

  /** Somebody else holds them for longer than any history lasts. */
  addBystanders(): void {
    const now = formatMicroTime(microTimeFromMillis(this.machine.wallMillis())) ?? null
    for (const { name, namespace } of bystanderRefs) {
      this.run(
        0,
        this.server.create(namespace, {
          metadata: { name },
          spec: { holderIdentity: "somebody", leaseDurationSeconds: 86_400, acquireTime: now, renewTime: now }
        })
      )
    }
    this.#hasBystanders = true
  }

  touchBystanders(): void {
    if (this.#hasBystanders) {
      bystanderRefs.forEach((other) =>
        this.run(0, this.server.patch(other, { metadata: { labels: { touched: String(this.machine.wallMillis()) } } }))
      )
    }
  }

  /** A third party edits the record, if there is one. */
  edit(patch: JsonObject): void {
    this.run(0, this.server.patch(ref, patch))
  }
}

const current: ServerVersion = { major: 1, minor: 36 }
const old: ServerVersion = { major: 1, minor: 20 }

const wallClock = (machine: Machine, ahead: () => number): Clock.Clock => {
  const millis = () => Math.floor(machine.wallMillis() + ahead())
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

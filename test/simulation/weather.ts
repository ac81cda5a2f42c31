import * as Duration from "effect/Duration"
import type { RequestError } from "../../src/KubeError.js"
import { Forbidden, Invalid, Unauthorized } from "../../src/KubeError.js"
import type { Dice } from "./dice.js"
import type { Fault, Trouble } from "./fault.js"
import type { Asked } from "./request.js"
import { failure } from "./request.js"

const calm: Trouble = { loseRequest: 0, loseAnswer: 0, refuse: 0, duplicate: 0, delay: 0, mostDelayMillis: 0 }

/** What goes wrong at present between the nodes and the API server. */
export class Weather {
  readonly #present = new Set<Fault>()
  readonly #dead = new Set<number>()
  readonly #now: () => number
  /** From here on nothing goes wrong any more. */
  readonly quietAt: number

  constructor(now: () => number, quietAt: number) {
    this.#now = now
    this.quietAt = quietAt
  }

  begin(fault: Fault): void {
    this.#present.add(fault)
  }

  end(fault: Fault): void {
    this.#present.delete(fault)
  }

  get isCalm(): boolean {
    return this.#present.size === 0
  }

  /** Nothing that was sent in bad times arrives after them. */
  inTime(at: number): number {
    return this.#now() < this.quietAt ? Math.min(at, this.quietAt) : at
  }

  troubleOf(node: number): Trouble {
    let trouble = calm
    for (const fault of this.#present) {
      if (fault.kind === "link" && (fault.node ?? node) === node) {
        trouble = worst(trouble, fault.trouble)
      }
    }
    return trouble
  }

  /** How the API server turns a request away now. */
  refusal(node: number, request: Asked, dice: Dice): RequestError | "hang" | undefined {
    for (const fault of this.#present) {
      if (fault.kind === "outage") {
        return fault.how === "hang"
          ? "hang"
          : fault.how === "refuse"
          ? failure(request, "Connect")
          : failure(request, "Status", { status: 503 })
      }
      if (fault.kind === "throttle" && dice.chance(fault.share)) {
        return failure(request, "Status", {
          status: 429,
          retryAfter: Duration.seconds(fault.retryAfterSeconds)
        })
      }
      if (
        fault.kind === "forbid" && (fault.node ?? node) === node && fault.operations.includes(request.operation)
      ) {
        const about = { operation: request.operation, ref: request.ref, status: fault.status, message: "simulated" }
        return fault.status === 401
          ? new Unauthorized(about)
          : fault.status === 403
          ? new Forbidden(about)
          : new Invalid({ ...about, causes: [] })
      }
    }
    return undefined
  }

  /** What the API server says of its version now, if it does not tell the truth. */
  versionTold(node: number): "unknown" | "older" | undefined {
    for (const fault of this.#present) {
      if (fault.kind === "version" && (fault.node ?? node) === node) {
        return fault.how
      }
    }
    return undefined
  }

  /** How long the API server takes at present. */
  slowness(dice: Dice): number {
    for (const fault of this.#present) {
      if (fault.kind === "slowServer") {
        return dice.between(fault.least, fault.most)
      }
    }
    return 0
  }

  killSockets(node: number): void {
    this.#dead.add(node)
  }

  hasDeadSockets(node: number): boolean {
    return this.#dead.has(node)
  }

  /** Whoever has given up a request uses none of its old connections again. */
  dropPool(node: number): void {
    this.#dead.delete(node)
  }

  webhookOf(node: number): Extract<Fault, { readonly kind: "webhook" }> | undefined {
    for (const fault of this.#present) {
      if (fault.kind === "webhook" && fault.node === node) {
        return fault
      }
    }
    return undefined
  }

  /** How late the events of a watch are at present. */
  watchesLate(node: number): number {
    let late = 0
    for (const fault of this.#present) {
      if (fault.kind === "watches" && (fault.node ?? node) === node) {
        late = Math.max(late, fault.lateMillis)
      }
    }
    return late
  }
}

const worst = (one: Trouble, other: Trouble): Trouble => ({
  loseRequest: Math.max(one.loseRequest, other.loseRequest),
  loseAnswer: Math.max(one.loseAnswer, other.loseAnswer),
  refuse: Math.max(one.refuse, other.refuse),
  duplicate: Math.max(one.duplicate, other.duplicate),
  delay: Math.max(one.delay, other.delay),
  mostDelayMillis: Math.max(one.mostDelayMillis, other.mostDelayMillis)
})

import type { Operation } from "../../src/KubeError.js"
import type { Purpose } from "./request.js"

/** What goes wrong on the way between one node, or all of them, and the API server. Shares are from 0 to 1. */
export interface Trouble {
  /** Of the requests that never arrive. */
  readonly loseRequest: number
  /** Of the answers that never arrive, though the request was carried out. */
  readonly loseAnswer: number
  /** Of the requests that are refused at once. */
  readonly refuse: number
  /** Of the requests that a proxy sends twice; the client gets the second answer. */
  readonly duplicate: number
  /** Of the messages that are delayed. */
  readonly delay: number
  readonly mostDelayMillis: number
}

/** What befalls one request that was waited for. */
export interface Blow {
  readonly loses?: "request" | "answer" | undefined
  readonly requestLateMillis?: number | undefined
  readonly answerLateMillis?: number | undefined
  /** A proxy sends it again so much later. */
  readonly againAfterMillis?: number | undefined
}

/** When, in the life of a request, something else goes wrong. */
export type Moment = "sent" | "carriedOut" | "answered"

/** Instead of the node that was drawn: who holds the lease at that time, somebody who does not, or all but that node. */
export type Aim = "holder" | "contender" | "others"

/** One thing that goes wrong. `node` is an index; without one, it befalls all. */
export type Fault =
  & { readonly at: number; readonly aim?: Aim | undefined }
  & (
    /** Everything that the process does comes so much later, as after SIGSTOP; in the middle of what it does, if asked. */
    | { readonly kind: "pause"; readonly node: number; readonly millis: number; readonly afterOperations: number }
    /** As `pause`, and the monotonic clock stands still. */
    | { readonly kind: "suspend"; readonly node: number; readonly millis: number }
    | { readonly kind: "stepWall"; readonly node: number; readonly millis: number }
    | { readonly kind: "rate"; readonly node: number; readonly rate: number }
    | { readonly kind: "crash"; readonly node: number; readonly downMillis: number; readonly isRenamed: boolean }
    /** A graceful end, and a start with other settings. */
    | { readonly kind: "upgrade"; readonly node: number; readonly downMillis: number; readonly variant: number }
    /** Its users give up whatever they do, so many turns later where they have promises, and do nothing for a while. */
    | { readonly kind: "idle"; readonly node: number; readonly millis: number; readonly afterTurns?: number }
    /** Those of its users that rest want the lease at once, so many turns of its fibers and promises later. */
    | { readonly kind: "nudge"; readonly node: number; readonly afterTurns: number }
    | { readonly kind: "link"; readonly node?: number; readonly millis: number; readonly trouble: Trouble }
    | { readonly kind: "outage"; readonly millis: number; readonly how: "refuse" | "hang" | "unavailable" }
    | { readonly kind: "throttle"; readonly millis: number; readonly retryAfterSeconds: number; readonly share: number }
    /** From now on another replica, with another clock, answers. */
    | { readonly kind: "failover"; readonly node?: number; readonly replica: number }
    | {
      readonly kind: "forbid"
      readonly node?: number
      readonly millis: number
      readonly operations: ReadonlyArray<Operation>
      readonly status: 400 | 401 | 403
    }
    /** What the API server says of its version is none, or an older one's. */
    | { readonly kind: "version"; readonly node?: number; readonly millis: number; readonly how: "unknown" | "older" }
    /** A clock of the control plane is set, within what they may be apart at any time (c). */
    | { readonly kind: "stepServer"; readonly replica: number; readonly aheadMillis: number }
    /** Every request takes so long, half of that until it is carried out. */
    | { readonly kind: "slowServer"; readonly millis: number; readonly least: number; readonly most: number }
    /** Nothing comes through on connections of which nobody notices that they are dead until one request is given up. */
    | { readonly kind: "deadSockets"; readonly node: number }
    /** An admission webhook changes what a node writes when it acquires. */
    | {
      readonly kind: "webhook"
      readonly node: number
      readonly millis: number
      readonly changes: "holder" | "acquireTime" | "transitions" | "blank"
    }
    /** A third party does something harmless to the record. */
    | { readonly kind: "label" }
    | { readonly kind: "finalizer"; readonly millis: number }
    | { readonly kind: "otherWrites"; readonly count: number }
    | { readonly kind: "compact" }
    | { readonly kind: "endWatches" }
    /** Watches show nothing any more, or everything late. */
    | { readonly kind: "watches"; readonly node?: number; readonly millis: number; readonly lateMillis: number }
    /** Lies in wait for the next request of one purpose, and strikes at that one. */
    | {
      readonly kind: "ambush"
      readonly node: number
      readonly millis: number
      readonly of: Purpose
      readonly blow: Blow
      readonly moment: Moment
      /** What happens at that moment; a `node` is that of the sender. */
      readonly followedBy: ReadonlyArray<Fault>
    }
    /** A third party breaks assumption (d). */
    | { readonly kind: "tamper"; readonly how: "delete" | "clear" | "shorten" | "rename" | "renewTime" }
    /** An assumption is broken: a second living process of the same owner name (b). */
    | { readonly kind: "namesake"; readonly node: number }
  )

const none: Trouble = { loseRequest: 0, loseAnswer: 0, refuse: 0, duplicate: 0, delay: 0, mostDelayMillis: 0 }

export const troubleWith = (trouble: Partial<Trouble>): Trouble => ({ ...none, ...trouble })

/** Nothing comes through. */
export const cut = (
  where: { readonly at: number; readonly node?: number },
  millis: number,
  trouble: Partial<Trouble> = { loseRequest: 1 }
): Fault => ({ ...where, kind: "link", millis, trouble: troubleWith(trouble) })

export type Ambush = Extract<Fault, { readonly kind: "ambush" }>

/** How long what a fault begins goes on. */
const endOf = (fault: Fault): number =>
  fault.at +
  ("millis" in fault && fault.kind !== "stepWall" ? fault.millis : "downMillis" in fault ? fault.downMillis : 0)

/** The same fault, over by then. */
export const overBy = (fault: Fault, at: number): Fault => {
  const over = endOf(fault) - at
  return over <= 0
    ? fault
    : "downMillis" in fault
    ? { ...fault, downMillis: fault.downMillis - over }
    : "millis" in fault
    ? { ...fault, millis: fault.millis - over }
    : fault
}

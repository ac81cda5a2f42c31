import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Conflict, KubeError, NotFound, Transient } from "../../KubeError.js"
import type { LeaseObject, Observed } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import type { TermIdentity } from "../decisions/identity.js"
import type { LastError } from "../decisions/outOfTime.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { Engine } from "../state/engine.js"
import type { Term } from "../state/term.js"

/** What an attempt has come to. */
export type Outcome = Data.TaggedEnum<{
  Begun: { readonly term: Term }
  /** Somebody else holds the lease, as this record says. */
  Contended: { readonly record: Observed }
  /** This process holds the lease under the same name already. */
  HeldHere: { readonly term: Term }
}>

export const Outcome = Data.taggedEnum<Outcome>()

/** A term, if the attempt has begun one. */
export const begunTerm = (outcome: Outcome): Option.Option<Term> =>
  outcome._tag === "Begun" ? Option.some(outcome.term) : Option.none()

/** What an attempt knows of the record before it sends anything. */
export type Known = Data.TaggedEnum<{
  /** Nothing: it is read first. */
  Unread: {}
  /** A record that may be taken. */
  Present: { readonly lease: LeaseObject }
  /** There is none. */
  Absent: {}
}>

export const Known = Data.taggedEnum<Known>()

export interface AttemptOptions {
  /** What a watch has just shown: nothing is read first, and a race that is lost fails (W1). Default: nothing. */
  readonly known?: Known | undefined
  /** A waiter has time for a slow server: `acquireTimeout` does not bound its attempts (A0). */
  readonly isWaiting?: boolean | undefined
  /**
   * Right before each write: waits for those of this process that write under the same name, and ends what they hold or
   * gives a term to wait for (P5).
   */
  readonly claim?: Effect.Effect<Option.Option<Term>> | undefined
}

export type Attempt = Effect.Effect<Outcome, KubeError>

export interface Attempting {
  readonly engine: Engine
  readonly settings: EngineSettings
  readonly options: AttemptOptions
  readonly startedAt: Instant
  /** Why it has not come to an outcome yet. */
  readonly lastError: LastError
  /** The terms of acquiring writes that have been sent and may have landed. */
  readonly unsettled: Set<TermIdentity>
  /** Those answered with a conflict: with a race that is lost, or with their own first copy, if a proxy sent them twice. */
  readonly doubtful: Set<TermIdentity>
}

/** What another try may find otherwise: passing failures, and races lost (A1, A3). */
export type Passing = Conflict | NotFound | Transient

export const isPassing = (error: KubeError): error is Passing => error._tag === "Transient" || isRaceLost(error)

export const isRaceLost = (error: KubeError): error is Conflict | NotFound => error._tag === "Conflict" || isGone(error)

/** The record has been deleted since it was shown; a missing namespace stays missing. */
export const isGone = (error: KubeError): error is NotFound => error._tag === "NotFound" && error.kind === "leases"

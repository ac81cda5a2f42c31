import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import type { KubeError, RequestError } from "../../KubeError.js"
import type { LeaseObject, LeaseRef, Observed } from "../../LeaseObject.js"
import { MicroTime } from "../../LeaseObject.js"
import type { LeaseLost } from "../../LeaseTerm.js"
import { FencingToken, LostReason } from "../../LeaseTerm.js"
import type { Instant } from "../base/clocks.js"
import { millisBetween, monotonicMillisBetween } from "../base/clocks.js"
import type { Circumstances } from "../decisions/ended.js"
import { leaseLost } from "../decisions/ended.js"
import type { TermIdentity } from "../decisions/identity.js"
import { identityOf } from "../decisions/identity.js"
import { specStampMillis } from "../decisions/managedFields.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { ServerClock } from "./serverClock.js"

/** An acquiring write that the server has acknowledged. */
export interface Acquired {
  readonly settings: EngineSettings
  readonly record: Observed
  readonly renewTime: MicroTime
  /** The answer has shown that the times written are not the server's (T6). */
  readonly isMisdated: boolean
  readonly sentAt: Instant
  readonly metricLabels: ReadonlyArray<MetricLabel.MetricLabel>
}

/**
 * One term as its holder knows it: what it has been acknowledged, and how it has ended. Ends once, lost or released (T5).
 */
export class Term {
  readonly ref: LeaseRef
  readonly settings: EngineSettings
  readonly identity: TermIdentity
  readonly token: FencingToken
  /** Others cannot tell the age of this record before its next renewal (E2, T6). */
  readonly isMisdated: boolean
  readonly acquiredAt: Instant
  readonly renewDeadlineMillis: number
  /** The labels of the acquire; the term is counted under them to its end. */
  readonly metricLabels: ReadonlyArray<MetricLabel.MetricLabel>
  renewal: Fiber.RuntimeFiber<void> | undefined
  releasing: Deferred.Deferred<void, RequestError> | undefined
  /** Why renewals fail at present. */
  lastError: KubeError | undefined
  /** How long the server took for its last answer to a write of this term. */
  answerMillis = 0
  #writing: Deferred.Deferred<void> | undefined
  #resourceVersion: string
  #stampMillis: number | undefined
  #renewTime: MicroTime
  #acknowledgedAt: Instant
  #end: "released" | LeaseLost | undefined
  /** The loss, or none for a release. */
  readonly #ended = Deferred.unsafeMake<Option.Option<LeaseLost>>(FiberId.none)

  constructor({ isMisdated, metricLabels, record, renewTime, sentAt, settings }: Acquired) {
    this.ref = settings.ref
    this.settings = settings
    this.identity = identityOf(record)
    this.token = FencingToken(record.metadata.resourceVersion)
    this.acquiredAt = sentAt
    this.metricLabels = metricLabels
    this.renewDeadlineMillis = settings.renewDeadlineMillis
    this.#resourceVersion = record.metadata.resourceVersion
    this.#stampMillis = specStampMillis(record)
    this.isMisdated = isMisdated
    // A mistake is corrected, also into what lies before it.
    this.#renewTime = isMisdated ? MicroTime(0n) : renewTime
    this.#acknowledgedAt = sentAt
  }

  get owner(): string {
    return this.settings.owner
  }

  /** When the last write was sent that has been acknowledged. */
  get acknowledgedAt(): Instant {
    return this.#acknowledgedAt
  }

  /** A renewal has been sent, and has neither been answered nor given up. */
  get isWriting(): boolean {
    return this.#writing !== undefined
  }

  /** Completes once no renewal is in flight. */
  get written(): Effect.Effect<void> {
    return Effect.suspend(() => this.#writing === undefined ? Effect.void : Deferred.await(this.#writing))
  }

  /** By the time that `written` completes, `write` has drawn its conclusions. */
  whileWriting<A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      const writing = Deferred.unsafeMake<void>(FiberId.none)
      this.#writing = writing
      return Effect.ensuring(
        write,
        Effect.sync(() => {
          this.#writing = undefined
          Deferred.unsafeDone(writing, Effect.void)
        })
      )
    })
  }

  /** The version that the next write is meant for. */
  get resourceVersion(): string {
    return this.#resourceVersion
  }

  /** The server's stamp of that version; `undefined` where it has none. */
  get stampMillis(): number | undefined {
    return this.#stampMillis
  }

  get isEnded(): boolean {
    return this.#end !== undefined
  }

  /** How this term was lost; `undefined` while it is held and after a release. */
  get loss(): LeaseLost | undefined {
    return this.#end === "released" ? undefined : this.#end
  }

  /** Completes when the term has been lost or released. */
  get ended(): Effect.Effect<void> {
    return Effect.asVoid(Deferred.await(this.#ended))
  }

  /** Never completes after a release. */
  get lost(): Effect.Effect<never, LeaseLost> {
    return Effect.flatMap(
      Deferred.await(this.#ended),
      Option.match({ onNone: () => Effect.never, onSome: (loss) => loss })
    )
  }

  /** 0 once the term has ended or its validity has passed (T2, T4). */
  remainingMillis(now: Instant): number {
    return this.isEnded ? 0 : Math.max(0, this.renewDeadlineMillis - millisBetween(this.#acknowledgedAt, now))
  }

  /** For longer than the renewals of a term in good order leave it (R1, R4). */
  isOverdue(now: Instant): boolean {
    const { renewalIntervalMillis, requestTimeoutMillis } = this.settings
    return millisBetween(this.#acknowledgedAt, now) >
      renewalIntervalMillis + requestTimeoutMillis
  }

  /** The time of the next write, after that of every write before (T6). */
  nextRenewTime(serverClock: ServerClock, now: Instant): MicroTime {
    this.#renewTime = serverClock.timeAfter(this.#renewTime, now)
    return this.#renewTime
  }

  /** A renewal has been acknowledged that was sent then (T2). */
  acknowledge(sentAt: Instant): void {
    this.#acknowledgedAt = sentAt
  }

  /** The record is still this term's (R2); that alone renews nothing. */
  adopt(record: LeaseObject): void {
    this.#resourceVersion = record.metadata.resourceVersion
    this.#stampMillis = specStampMillis(record)
  }

  /** False if the term had ended before. */
  lose(reason: LostReason, circumstances?: Circumstances): boolean {
    if (this.isEnded) {
      return false
    }
    const loss = leaseLost(this, reason, circumstances)
    this.#end = loss
    Deferred.unsafeDone(this.#ended, Effect.succeedSome(loss))
    return true
  }

  /** False if the term had ended before. */
  release(): boolean {
    if (this.isEnded) {
      return false
    }
    this.#end = "released"
    Deferred.unsafeDone(this.#ended, Effect.succeedNone)
    return true
  }

  /** Why anybody who asks now is told that it is lost. */
  lossOrRelease(): LeaseLost {
    return this.loss ?? leaseLost(this, LostReason.Released())
  }

  /** By how much the wall clock is ahead, where the monotonic clock leaves the term time. */
  aheadMillis({ monotonicNanos, wallMillis }: Instant): number | undefined {
    const passedMillis = monotonicMillisBetween(this.#acknowledgedAt.monotonicNanos, monotonicNanos)
    return passedMillis < this.renewDeadlineMillis
      ? wallMillis - this.#acknowledgedAt.wallMillis - passedMillis
      : undefined
  }

  expired(): LostReason {
    return LostReason.Expired({ lastError: Option.fromNullable(this.lastError) })
  }
}

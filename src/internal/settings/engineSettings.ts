import * as Duration from "effect/Duration"
import type { LeaseRef } from "../../LeaseObject.js"
import { refOf } from "../base/refOf.js"
import type { LeaseSettings } from "./leaseSettings.js"

/** Settings as the engine counts with them: the Lease as one reference, durations in milliseconds. */
export interface EngineSettings {
  readonly ref: LeaseRef
  readonly owner: string
  readonly ttlMillis: number
  readonly renewalIntervalMillis: number
  readonly renewDeadlineMillis: number
  readonly requestTimeoutMillis: number
  readonly acquireTimeoutMillis: number
  readonly releaseTimeoutMillis: number
  readonly maxClockSkewMillis: number
  readonly acquireRetries: number
  readonly acquireRetryDelayMillis: number
  readonly releaseMode: LeaseSettings["releaseMode"]
  readonly labels: LeaseSettings["labels"]
  readonly leaseDurationSeconds: number
}

export const engineSettings = (settings: LeaseSettings): EngineSettings => ({
  ref: refOf(settings),
  owner: settings.owner,
  ttlMillis: Duration.toMillis(settings.ttl),
  renewalIntervalMillis: Duration.toMillis(settings.renewalInterval),
  renewDeadlineMillis: Duration.toMillis(settings.renewDeadline),
  requestTimeoutMillis: Duration.toMillis(settings.requestTimeout),
  acquireTimeoutMillis: Duration.toMillis(settings.acquireTimeout),
  releaseTimeoutMillis: Duration.toMillis(settings.releaseTimeout),
  maxClockSkewMillis: Duration.toMillis(settings.maxClockSkew),
  acquireRetries: settings.acquireRetries,
  acquireRetryDelayMillis: Duration.toMillis(settings.acquireRetryDelay),
  releaseMode: settings.releaseMode,
  labels: settings.labels,
  leaseDurationSeconds: settings.leaseDurationSeconds
})

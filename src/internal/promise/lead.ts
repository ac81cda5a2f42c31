import { pauseMillisAfter } from "../decisions/workPause.js"
import { onAbort } from "./aborting.js"
import type { LeadOptions, LeadWork } from "./interfaces.js"
import type { LeaseHandle } from "./leaseHandle.js"

/** Runs for the lease, works, releases, and again, until it is told to stop (W4, P7). */
export const lead = async (
  handle: LeaseHandle,
  work: LeadWork,
  { onError = "retry", signal }: LeadOptions = {}
): Promise<void> => {
  let hasHeld = false
  let failures = 0
  const isToldToStop = () => signal?.aborted === true
  while (!isToldToStop()) {
    const token = await nextTerm(handle, hasHeld, signal)
    if (token === undefined) {
      continue
    }
    hasHeld = true
    const beganAt = handle.monotonicMillis()
    const failure = await workUnder(handle, token, work, signal)
    if (failure !== undefined && onError === "stop") {
      await handle.releaseLogged()
      throw failure.error
    }
    const { pauseMillis, failuresInARow } = pauseMillisAfter({
      hasFailed: failure !== undefined,
      failuresBefore: failures,
      workedMillis: handle.monotonicMillis() - beganAt,
      intervalMillis: handle.renewalIntervalMillis
    })
    failures = failuresInARow
    if (failure !== undefined) {
      handle.error(`The work failed; the lease is released, and run for again in ${pauseMillis} ms`, failure.error)
    }
    // After a loss it runs again at once.
    if (failure !== undefined || handle.remainingMillis() > 0) {
      await handle.releaseLogged()
      await handle.pause(pauseMillis, signal)
    }
  }
}

/** Nothing if there is none yet. What an API server answers ends nobody who has led before. */
const nextTerm = async (
  handle: LeaseHandle,
  hasHeld: boolean,
  signal: AbortSignal | undefined
): Promise<string | undefined> => {
  try {
    return (await handle.waitUntilAcquired(signal)).token
  } catch (error) {
    if (signal?.aborted === true) {
      return undefined
    }
    if (!hasHeld) {
      throw error
    }
    handle.warn("Cannot run for the lease again; trying later", error)
    await handle.pause(handle.renewalIntervalMillis, signal)
    return undefined
  }
}

/**
 * Does not begin if the term has run out on the way, or if it has been told to stop.
 *
 * @returns what it has failed with, where neither a loss nor the end is the reason
 */
const workUnder = async (
  handle: LeaseHandle,
  token: string,
  work: LeadWork,
  signal: AbortSignal | undefined
): Promise<{ readonly error: unknown } | undefined> => {
  // `AbortSignal.any` is younger than the oldest Node that this library runs on.
  const stop = new AbortController()
  const stopListening = onAbort([handle.signal, signal], (reason) => stop.abort(reason))
  try {
    if (!stop.signal.aborted) {
      await work({ signal: stop.signal, token })
    }
    return undefined
  } catch (error) {
    const wasToldToStop = stop.signal.aborted
    // Work that fails may have met the loss before the clocks did: a store has refused its token (F21).
    if (!wasToldToStop && await handle.stillHolds()) {
      return { error }
    }
    if (error !== stop.signal.reason) {
      handle.warn(
        wasToldToStop
          ? "The work failed after it had been told to stop"
          : "The work failed, and the lease is lost: that is taken for the reason",
        error
      )
    }
    return undefined
  } finally {
    stopListening()
  }
}

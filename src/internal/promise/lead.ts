import type { LeadOptions, LeadWork } from "../../KubernetesLease.js"
import { onAbort } from "./aborting.js"
import type { LeaseHandle } from "./leaseHandle.js"

/** Runs for the lease, works, releases, and again, until it is told to stop (W4). */
export const lead = async (handle: LeaseHandle, work: LeadWork, { signal }: LeadOptions = {}): Promise<void> => {
  let hasHeld = false
  const isToldToStop = () => signal?.aborted === true
  while (!isToldToStop()) {
    const token = await nextTerm(handle, hasHeld, signal)
    if (token === undefined) {
      continue
    }
    hasHeld = true
    await workUnder(handle, token, work, signal)
    // After a loss it runs again at once.
    if (handle.remainingMillis() > 0) {
      await handle.releaseLogged()
      await handle.pause(signal)
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
    await handle.pause(signal)
    return undefined
  }
}

/** Does not begin if the term has run out on the way, or if it has been told to stop. */
const workUnder = async (
  handle: LeaseHandle,
  token: string,
  work: LeadWork,
  signal: AbortSignal | undefined
): Promise<void> => {
  // `AbortSignal.any` is younger than the oldest Node that this library runs on.
  const stop = new AbortController()
  const stopListening = onAbort([handle.signal, signal], (reason) => stop.abort(reason))
  try {
    if (!stop.signal.aborted) {
      await work({ signal: stop.signal, token })
    }
  } catch (error) {
    const wasToldToStop = stop.signal.aborted
    // Work that fails may have met the loss before the clocks did: a store has refused its token (F21).
    if (!wasToldToStop && await handle.stillHolds()) {
      await handle.releaseLogged()
      throw error
    }
    if (error !== stop.signal.reason) {
      handle.warn(
        wasToldToStop
          ? "The work failed after it had been told to stop"
          : "The work failed, and the lease is lost: that is taken for the reason",
        error
      )
    }
  } finally {
    stopListening()
  }
}

import type { LeadOptions, LeadWork } from "../KubernetesLease.js"
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
    const term = handle.signal
    await workUnder(handle, term, token, work, signal)
    if (!term.aborted) {
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

const workUnder = async (
  handle: LeaseHandle,
  term: AbortSignal,
  token: string,
  work: LeadWork,
  signal: AbortSignal | undefined
): Promise<void> => {
  // `AbortSignal.any` is younger than the oldest Node that this library runs on.
  const stop = new AbortController()
  const stopListening = onAbort([term, signal], (reason) => stop.abort(reason))
  try {
    await work({ signal: stop.signal, token })
  } catch (error) {
    if (!stop.signal.aborted) {
      await handle.releaseLogged()
      throw error
    }
    if (error !== stop.signal.reason) {
      handle.warn("The work failed after it had been told to stop", error)
    }
  } finally {
    stopListening()
  }
}

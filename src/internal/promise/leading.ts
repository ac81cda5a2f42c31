/// <reference lib="esnext.disposable" />
import { aborted, onAbort } from "./aborting.js"
import type { Leading, LeadOptions, LeadWork, LeaseHealth } from "./interfaces.js"
import { lead } from "./lead.js"
import type { LeaseHandle } from "./leaseHandle.js"

/** @param makeHandle may fail, which rejects */
export const leading = (makeHandle: () => LeaseHandle, work: LeadWork, options: LeadOptions | undefined): Leading => {
  const stopping = new AbortController()
  const stop = (): Promise<void> => {
    stopping.abort(aborted("stop() was called"))
    return ended
  }
  let handle: LeaseHandle | undefined
  const run = async (): Promise<void> => {
    handle = makeHandle()
    const stopListening = onAbort([options?.signal, handle.ending], (reason) => stopping.abort(reason))
    try {
      await lead(handle, work, { ...options, signal: stopping.signal })
    } finally {
      stopListening()
    }
  }
  const ended = run()
  const health = (): LeaseHealth =>
    handle?.health() ?? { isHealthy: false, problems: ["the settings are wrong, and nothing leads"] }
  return Object.assign(ended, { stop, health, [Symbol.asyncDispose]: stop })
}

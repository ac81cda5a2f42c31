export const aborted = (message: string): Error => Object.assign(new Error(message), { name: "AbortError" })

type Callback = (reason: unknown) => void

/**
 * Who waits for a signal to abort. Each signal has one listener of ours, however many leases it stops: a runtime warns of
 * a leak from the eleventh on.
 */
const waiting = new WeakMap<AbortSignal, Set<{ readonly callback: Callback }>>()

/** Calls back once any of the signals aborts, at once if one has; gives a function that stops listening. */
export const onAbort = (signals: ReadonlyArray<AbortSignal | undefined>, callback: Callback): () => void => {
  const given = signals.filter((signal) => signal !== undefined)
  const first = given.find(({ aborted }) => aborted)
  if (first !== undefined) {
    callback(first.reason)
    return () => undefined
  }
  const stops = given.map((signal) => listen(signal, callback))
  return () => stops.forEach((stop) => stop())
}

const listen = (signal: AbortSignal, callback: Callback): () => void => {
  const entry = { callback }
  const entries = waiting.get(signal) ?? new Set()
  if (entries.size === 0) {
    waiting.set(signal, entries)
    signal.addEventListener("abort", tellAll, { once: true })
  }
  entries.add(entry)
  return () => {
    entries.delete(entry)
    if (entries.size === 0 && waiting.get(signal) === entries) {
      waiting.delete(signal)
      signal.removeEventListener("abort", tellAll)
    }
  }
}

function tellAll(this: AbortSignal): void {
  const entries = waiting.get(this) ?? new Set()
  waiting.delete(this)
  // Who stops listening because of what another does is not called any more.
  for (const entry of entries) {
    entry.callback(this.reason)
  }
}

export const aborted = (message: string): Error => Object.assign(new Error(message), { name: "AbortError" })

/** Calls back once any of the signals aborts, at once if one has; gives a function that stops listening. */
export const onAbort = (
  signals: ReadonlyArray<AbortSignal | undefined>,
  callback: (reason: unknown) => void
): () => void => {
  const listeners = signals.flatMap((signal) =>
    signal === undefined ? [] : [[signal, () => callback(signal.reason)] as const]
  )
  const first = listeners.find(([signal]) => signal.aborted)
  if (first !== undefined) {
    callback(first[0].reason)
    return () => undefined
  }
  for (const [signal, listener] of listeners) {
    signal.addEventListener("abort", listener, { once: true })
  }
  return () => listeners.forEach(([signal, listener]) => signal.removeEventListener("abort", listener))
}

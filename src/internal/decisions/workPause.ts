/** A stretch of work under one term, which has ended of its own will. */
export interface EndedWork {
  readonly hasFailed: boolean
  /** In a row, without this one. */
  readonly failuresBefore: number
  readonly workedMillis: number
  /** Between two renewals: whoever ends leaves others that much time. */
  readonly intervalMillis: number
}

const longestMillis = 60_000

/**
 * How long whoever leads leaves others the lease (P7): doubled with each failure in a row, up to a minute. Work that lasted
 * longer than that was well, whatever ended it.
 */
export const pauseMillisAfter = (
  { failuresBefore, hasFailed, intervalMillis, workedMillis }: EndedWork
): { readonly pauseMillis: number; readonly failuresInARow: number } => {
  const longest = Math.max(longestMillis, intervalMillis)
  const failuresInARow = hasFailed ? (workedMillis > longest ? 1 : failuresBefore + 1) : 0
  return {
    failuresInARow,
    pauseMillis: Math.min(longest, intervalMillis * 2 ** Math.max(0, failuresInARow - 1))
  }
}

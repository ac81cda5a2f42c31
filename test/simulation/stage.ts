/** What faults are drawn for. Durations in milliseconds. */
export interface Stage {
  readonly nodes: number
  /** The longest ttl. */
  readonly longest: number
  /** So long every request is waited for. */
  readonly requestTimeout: number
  /** Of all clocks, and the fastest one. */
  readonly slowest: number
  readonly fastest: number
  readonly quietAt: number
  readonly replicas: number
  /** How far apart their clocks may be. */
  readonly maxClockSkew: number
}

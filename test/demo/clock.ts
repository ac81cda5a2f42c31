/** Milliseconds on the machine's monotonic clock, which every process of the machine reads alike. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

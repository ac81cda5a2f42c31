import type { Place } from "./place.js"

/** Where the demo leaves everything as it is. */
export const unbreakablePlace = (title: string, connection: Readonly<Record<string, unknown>>): Place => ({
  title,
  connectionOf: async () => connection,
  network: undefined,
  rights: undefined,
  close: async () => {}
})

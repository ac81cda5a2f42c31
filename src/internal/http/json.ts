import * as Either from "effect/Either"

/** A Lease needs nine levels; code that walks deeper ones by recursion would run out of stack. */
const mostLevels = 64

/** An answer's JSON, or what is wrong with it; never its text, for that may hold a secret. */
export const parseJson = (text: string): Either.Either<unknown, string> =>
  Either.try({ try: (): unknown => JSON.parse(text), catch: () => "it is no JSON" }).pipe(
    Either.filterOrLeft(isShallow, () => `it is JSON of more than ${mostLevels} levels`)
  )

const isShallow = (json: unknown): boolean => {
  let level: ReadonlyArray<unknown> = [json]
  for (let depth = 0; depth < mostLevels; depth++) {
    level = level.flatMap((value) => typeof value === "object" && value !== null ? Object.values(value) : [])
    if (level.length === 0) {
      return true
    }
  }
  return false
}

import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** The lines of a text stream, without their ends and without empty ones; fails on one that is longer than `maxLength`. */
export const splitLines =
  <E2>(maxLength: number, tooLong: () => E2) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<string, E | E2, R> =>
    Stream.concat(Stream.decodeText(bytes), Stream.make("\n")).pipe(
      Stream.mapAccumEffect("", (begun, text) => {
        const [first = "", ...rest] = text.split("\n")
        const complete = rest.length === 0 ? [] : [begun + first, ...rest.slice(0, -1)]
        const remainder = rest.at(-1) ?? begun + first
        return remainder.length > maxLength
          ? Effect.fail(tooLong())
          : Effect.succeed([remainder, complete.filter((line) => line.trim() !== "")] as const)
      }),
      Stream.flattenIterables
    )

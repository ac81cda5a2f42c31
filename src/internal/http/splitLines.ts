import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const lineFeed = 0x0a

/** The lines of a stream of bytes, without their ends and without empty ones; fails on one that is longer than `maxBytes`. */
export const splitLines =
  <E2>(maxBytes: number, tooLong: () => E2) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E | E2, R> =>
    Stream.concat(bytes, Stream.make(Uint8Array.of(lineFeed))).pipe(
      Stream.mapAccumEffect(noBytes, (begun, chunk) => {
        const end = chunk.lastIndexOf(lineFeed)
        const remainder = end < 0 ? joined(begun, chunk) : chunk.subarray(end + 1)
        const complete = end < 0 ? [] : linesOf(joined(begun, chunk.subarray(0, end)))
        return remainder.length > maxBytes ? Effect.fail(tooLong()) : Effect.succeed([remainder, complete] as const)
      }),
      Stream.flattenIterables
    )

const noBytes: Uint8Array = new Uint8Array()

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => a.length === 0 ? b : Buffer.concat([a, b])

const linesOf = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const lines: Array<Uint8Array> = []
  for (let start = 0; start <= bytes.length;) {
    const end = bytes.indexOf(lineFeed, start)
    const line = bytes.subarray(start, end < 0 ? bytes.length : end)
    if (line.some((byte) => byte > 0x20)) {
      lines.push(line)
    }
    start += line.length + 1
  }
  return lines
}

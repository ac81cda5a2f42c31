import * as Either from "effect/Either"
import { formatMicroTime, parseMicroTime } from "../base/rfc3339.js"

type Layout = ReadonlyArray<readonly [element: string, pattern: RegExp]>

const seconds: Layout = [
  ["2006", /^\d{4}/],
  ["-", /^-/],
  ["01", /^\d{2}/],
  ["-", /^-/],
  ["02", /^\d{2}/],
  ["T", /^T/],
  ["15", /^\d{2}/],
  [":", /^:/],
  ["04", /^\d{2}/],
  [":", /^:/],
  ["05", /^\d{2}/]
]
const zone: Layout = [["Z07:00", /^(?:Z|[+-]\d{2}:\d{2})/]]

const microTime: Layout = [...seconds, [".000000", /^[.,]\d{6}/], ...zone]
// Go takes a fraction after the seconds even where the layout names none.
const time: Layout = [...seconds, ["", /^(?:[.,]\d+)?/], ...zone]

/** A `MicroTime` in UTC as servers store it, or Go's complaint: exactly six fraction digits are taken. */
export const parseGoMicroTime = (text: string): Either.Either<string, string> =>
  Either.flatMap(parse(text, microTime), (micros) => formatted(text, formatMicroTime(micros)))

/** A `Time` in UTC, in whole seconds as servers store it, or Go's complaint. */
export const parseGoTime = (text: string): Either.Either<string, string> =>
  Either.flatMap(parse(text, time), (micros) => formatted(text, formatMicroTime(micros)?.replace(/\.\d+/, "")))

/** Milliseconds since 1970 as a `Time`: whole seconds. */
export const goTime = (millis: number): string =>
  `${new Date(Math.floor(millis / 1000) * 1000).toISOString().slice(0, -5)}Z`

const parse = (text: string, layout: Layout): Either.Either<bigint, string> => {
  let rest = text
  for (const [element, pattern] of layout) {
    const match = pattern.exec(rest)
    if (match === null) {
      return Either.left(
        `parsing time ${JSON.stringify(text)} as "${layout.map(([name]) => name).join("")}": ` +
          `cannot parse ${JSON.stringify(rest)} as "${element}"`
      )
    }
    rest = rest.slice(match[0].length)
  }
  if (rest !== "") {
    return Either.left(`parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`)
  }
  const micros = parseMicroTime(text.replace(",", "."))
  return micros === undefined ? outOfRange(text) : Either.right(micros)
}

const outOfRange = (text: string): Either.Either<never, string> => {
  const [month = 0, , hour = 0, minute = 0, second = 0] = [5, 8, 11, 14, 17].map((i) => Number(text.slice(i, i + 2)))
  const field = month < 1 || month > 12
    ? "month"
    : hour > 23
    ? "hour"
    : minute > 59
    ? "minute"
    : second > 59
    ? "second"
    : "day"
  return Either.left(`parsing time ${JSON.stringify(text)}: ${field} out of range`)
}

const formatted = (text: string, value: string | undefined): Either.Either<string, string> =>
  value === undefined ? Either.left(`parsing time ${JSON.stringify(text)}: year out of range`) : Either.right(value)

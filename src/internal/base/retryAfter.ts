import * as Duration from "effect/Duration"

/** The longest `Retry-After` that is believed: API servers ask for seconds, and days would be for good. */
const longestMillis = 60 * 60 * 1000

/** How long to leave a server alone that asks for so many milliseconds; `undefined` if that is no length of time. */
export const retryAfterFrom = (millis: number): Duration.Duration | undefined =>
  millis >= 0 ? Duration.millis(Math.min(millis, longestMillis)) : undefined

/** The header `Retry-After`: seconds, or a date that is told against the server's own. */
export const retryAfterOfHeaders = (
  headers: { readonly [name: string]: string | undefined }
): Duration.Duration | undefined => {
  const value = headers["retry-after"]?.trim() ?? ""
  return retryAfterFrom(
    /^\d+$/.test(value)
      ? Number(value) * 1000
      : Math.max(0, httpDateMillis(value) - httpDateMillis(headers["date"]))
  )
}

/** NaN for what is no date. `Date.parse` reads a bare number as some year. */
const httpDateMillis = (text = ""): number => /^[a-z]{3,9},? /i.test(text) ? Date.parse(text) : NaN

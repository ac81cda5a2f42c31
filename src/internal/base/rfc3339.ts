const dateTime = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/i

const microsPerMilli = 1000n
const microsPerMinute = 60_000_000n

const earliest = -62_167_219_200_000_000n // 0000-01-01T00:00:00Z
const latest = 253_402_300_799_999_999n // 9999-12-31T23:59:59.999999Z

/** Microseconds since 1970, or `undefined` if the text is no RFC 3339 date-time. */
export const parseMicroTime = (text: string): bigint | undefined => {
  const match = dateTime.exec(text)
  if (match === null) {
    return undefined
  }
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = match
  const date = new Date(0)
  // `Date.UTC` would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  date.setUTCHours(Number(hour), Number(minute), Number(second))
  const inRange = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) &&
    Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 &&
    Number(offsetHours) < 24 && Number(offsetMinutes) < 60
  if (!inRange) {
    return undefined
  }
  const offset = BigInt(Number(offsetHours) * 60 + Number(offsetMinutes)) * microsPerMinute
  return BigInt(date.getTime()) * microsPerMilli + BigInt(fraction.slice(0, 6).padEnd(6, "0")) +
    (sign === "-" ? offset : -offset)
}

/** In UTC with six fraction digits, or `undefined` outside the years 0000 to 9999. */
export const formatMicroTime = (micros: bigint): string | undefined => {
  if (micros < earliest || micros > latest) {
    return undefined
  }
  const microsOfMilli = ((micros % microsPerMilli) + microsPerMilli) % microsPerMilli
  const millis = (micros - microsOfMilli) / microsPerMilli
  return `${new Date(Number(millis)).toISOString().slice(0, -1)}${String(microsOfMilli).padStart(3, "0")}Z`
}

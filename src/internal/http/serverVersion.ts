import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ServerVersion } from "../../LeaseObject.js"

const VersionInfo = Schema.Struct({ major: Schema.String, minor: Schema.String })
const decodeVersionInfo = Schema.decodeUnknownOption(VersionInfo)

/** What `GET /version` answers; `undefined` where it is no version. Providers put a `+` behind the minor: `"27+"`. */
export const serverVersionFrom = (body: unknown): ServerVersion | undefined => {
  const info = decodeVersionInfo(body)
  if (Option.isNone(info)) {
    return undefined
  }
  const [major, minor] = [leadingNumber(info.value.major), leadingNumber(info.value.minor)]
  return major === undefined || minor === undefined ? undefined : { major, minor }
}

const leadingNumber = (text: string): number | undefined => {
  const [digits] = /^\d+/.exec(text) ?? []
  return digits !== undefined && Number.isSafeInteger(Number(digits)) ? Number(digits) : undefined
}

import type { Json } from "./json.js"
import { isJsonObject } from "./json.js"

/** RFC 7386: objects are merged, `null` removes, anything else replaces. */
export const mergePatch = (target: Json | undefined, patch: Json): Json => {
  if (!isJsonObject(patch)) {
    return patch
  }
  const merged = new Map(isJsonObject(target) ? Object.entries(target) : [])
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) {
      merged.delete(field)
    } else {
      merged.set(field, mergePatch(merged.get(field), value))
    }
  }
  return Object.fromEntries(merged)
}

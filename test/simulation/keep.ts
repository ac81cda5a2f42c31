import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { print } from "./exactJson.js"
import type { Check } from "./findings.js"
import type { Plan } from "./plan.js"
import type { Kept } from "./regressions.js"
import { folder } from "./regressions.js"

/**
 * Writes a history down as it was drawn, for a seed means another one as soon as anything is drawn otherwise. Its title
 * is the promise that it broke, until somebody who has understood it writes a better one.
 */
export const keep = (name: string, broken: Check | undefined, plan: Plan): string => {
  const file = join(folder, `${name}.json`)
  const kept: Kept = { title: `${broken ?? "something"} (${name})`, plan }
  writeFileSync(file, `${print(kept)}\n`)
  return file
}

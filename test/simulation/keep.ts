import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import type { Plan } from "./plan.js"

/** Writes a history down as it was drawn, for a seed means another one as soon as anything is drawn otherwise. */
export const keep = (name: string, plan: Plan): string => {
  const file = join("test/simulation/regressions", `${name}.ts`)
  writeFileSync(
    file,
    `import type { Plan } from "../plan.js"\n\nexport const plan: Plan = ${
      inspect(plan, { depth: null, breakLength: 110, maxArrayLength: null })
    }\n`
  )
  return file
}

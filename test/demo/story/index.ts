import { acquiring } from "./acquiring.js"
import { crashing } from "./crashing.js"
import { handingOver } from "./handingOver.js"
import { longOutage } from "./longOutage.js"
import { pausing } from "./pausing.js"
import { releasing } from "./releasing.js"
import { rights } from "./rights.js"
import { shortOutage } from "./shortOutage.js"
import type { Step } from "./step.js"

export const story: ReadonlyArray<Step> = [
  acquiring,
  releasing,
  handingOver,
  crashing,
  // Windows cannot stop a process and go on.
  ...(process.platform === "win32" ? [] : [pausing]),
  shortOutage,
  longOutage,
  rights
]

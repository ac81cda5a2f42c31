import { access } from "./access.js"
import type { Scenario } from "./scenario.js"
import type { HttpServer } from "./server.js"
import { serverTime } from "./serverTime.js"
import { time } from "./time.js"
import { watches } from "./watches.js"
import { writes } from "./writes.js"

/** What only requests of one's own show, because `KubeApi` never sends them or shows less of the answer. */
export const http: ReadonlyArray<Scenario<HttpServer>> = [
  ...time,
  ...serverTime,
  ...writes,
  ...watches,
  ...access
]

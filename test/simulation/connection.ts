import type * as Stream from "effect/Stream"
import type { KubeApi } from "../../src/KubeApi.js"
import type { RequestError } from "../../src/KubeError.js"
import type { WatchEvent } from "../../src/LeaseObject.js"
import type { Dice } from "./dice.js"
import type { Ambush } from "./fault.js"
import type { Findings } from "./findings.js"
import type { Sender, Write } from "./ledger.js"
import type { ProxyPlan } from "./plan.js"
import type { Process } from "./process.js"
import type { Answer, Purpose, WatchScope } from "./request.js"
import type { VirtualTime } from "./virtualTime.js"
import type { Weather } from "./weather.js"

/** The way of one process to the API server. */
export interface Connection {
  readonly api: KubeApi["Type"]
  /** The requests whose answers are still waited for. */
  readonly pending: ReadonlySet<Write>
  /** How much has been sent so far. */
  readonly sent: () => number
  readonly openWatches: () => number
  /** When a request or an answer last did not go through as it should. */
  readonly lastTroubleAt: () => number
}

export interface ConnectionOptions {
  readonly node: number
  readonly process: Process
  readonly sender: Sender
  readonly dice: Dice
  readonly time: VirtualTime
  readonly weather: Weather
  readonly findings: Findings
  /** The ambush that a request falls into, if any. */
  readonly spring: (purpose: Purpose) => Ambush | undefined
  /** Lets happen what an ambush has in store beside its blow. */
  readonly follow: (ambush: Ambush) => void
  /** The terms that the process holds now. */
  readonly termsHeld: () => ReadonlyArray<string>
  /** Carries a request out. */
  readonly serve: (write: Write) => Answer
  readonly fieldManager: string
  readonly proxy: ProxyPlan | undefined
  readonly watch: (
    fieldManager: string,
    scope: WatchScope,
    resourceVersion: string
  ) => Stream.Stream<WatchEvent, RequestError>
  /** The process has taken in what a watch has shown. */
  readonly onEvent: (event: WatchEvent) => void
}

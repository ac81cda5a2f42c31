import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { Connection } from "../../src/internal/promise/connection.js"
import { PromiseLease } from "../../src/internal/promise/face.js"
import { forgetAllOn } from "../../src/internal/promise/holdings.js"
import { LeaseHandle } from "../../src/internal/promise/leaseHandle.js"
import * as EngineLayer from "../../src/internal/protocol/layer.js"
import { effectDurations, kubernetesLimits, resolve } from "../../src/internal/settings/resolve.js"
import { KubeApi } from "../../src/KubeApi.js"
import type { LeaseRef } from "../../src/LeaseObject.js"
import { ref as leaseRef } from "./controlPlane.js"
import type { Findings } from "./findings.js"
import type { Life } from "./life.js"
import type { Process } from "./process.js"

/** As `KubernetesLease`, whose own connection leads to a real server. */
export class SimulatedLease extends PromiseLease {}

let processes = 0
const servers = new WeakMap<Process, string>()

/**
 * What instances of one process know of each other, is known by the server (P5), in a module that all processes of all
 * histories share here: each has a server of its own, by name, or what one leaves as it crashes another would find.
 */
const serverOf = (process: Process): string => {
  const server = servers.get(process) ?? `simulated for process ${++processes}`
  servers.set(process, server)
  return server
}

/** An engine whose fibers are those of a process. */
export const connectionIn = (process: Process, api: KubeApi["Type"]): Connection => {
  const layer = Layer.provide(EngineLayer.layer, Layer.succeed(KubeApi, api))
  const runtime = process.runtimeOf(layer)
  return new Connection({
    server: () => serverOf(process),
    runtime: {
      runPromiseExit: (effect, options) => process.promiseExit(runtime, effect, options?.signal),
      runSync: (effect) => Runtime.runSync(runtime)(effect)
    },
    onUse: () => () => {}
  })
}

interface HandleChoices {
  /** Default: the lease that everything is about. */
  readonly ref?: LeaseRef
  /** Who logs. */
  readonly name?: string
  readonly acquireWaitMillis?: number
  readonly supersedes?: boolean
}

/** What one instance of the face is made of. */
export const handleIn = (
  findings: Findings,
  { process, sender: { owner }, settings }: Life,
  connection: Connection,
  { acquireWaitMillis = 0, name = process.name, ref = leaseRef, supersedes = true }: HandleChoices
): LeaseHandle =>
  new LeaseHandle({
    settings: Either.getOrThrow(resolve({ ...ref, ...settings, owner }, kubernetesLimits, effectDurations)),
    acquireWaitMillis,
    connection,
    logger: (level, message) => {
      if (level !== "debug") {
        findings.tell(name, () => `${level}: ${message}`)
      }
    },
    supersedes
  })

/** What a module remembers of the processes of a history that is over. */
export const forgetHoldingsOf = (process: Process): void => forgetAllOn(serverOf(process))

import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import type { KubernetesLeaseSettings } from "../../src/KubernetesLease.js"
import { withoutWhoLeads } from "../support/whoLeads.js"

/** How a process ended, and what else than who leads it wrote to stderr. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

export interface NodeProgram {
  /** The next line of its stdout. */
  readonly nextLine: Effect.Effect<string>
  readonly kill: Effect.Effect<void>
  readonly ended: Effect.Effect<End>
}

/** Runs a JavaScript file in a process of its own, with the lease settings in its environment, until the scope closes. */
export const start = Effect.fnUntraced(function*(file: string, settings: KubernetesLeaseSettings) {
  const lines = yield* Queue.unbounded<string>()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [file], {
        env: { LEASE_SETTINGS: JSON.stringify(settings) },
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  let stderr = ""
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8")
  })
  createInterface(child.stdout).on("line", (line) => Queue.unsafeOffer(lines, line))
  const ended = new Promise<End>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, stderr: error.message }))
    child.once("close", (code, signal) => resolve({ code, signal, stderr: withoutWhoLeads(stderr) }))
  })
  const whenEnded = Effect.promise(() => ended)

  return {
    nextLine: Effect.raceFirst(
      Queue.take(lines),
      // Its last lines may still be on their way to the reader when it has ended.
      Effect.flatMap(
        Effect.delay(whenEnded, "100 millis"),
        (end) => Effect.dieMessage(`${file} ended without another line: ${JSON.stringify(end)}`)
      )
    ),
    kill: Effect.zipRight(Effect.sync(() => child.kill("SIGKILL")), Effect.asVoid(whenEnded)),
    ended: whenEnded
  } satisfies NodeProgram
})

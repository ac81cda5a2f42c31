import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { KubernetesLeaseSettings } from "../../src/KubernetesLease.js"
import type { ControlPlane } from "../cluster/ControlPlane.js"
import type { Contender } from "./contenders.js"
import { sleep } from "./contenders.js"

/**
 * From the last renewal that the server received of a killed process to the next one's holding, less the ttl, in
 * milliseconds. By the server's audit log, whose clock is this machine's.
 */
export const crashes = async (
  plane: ControlPlane["Type"],
  namespace: string,
  contender: Contender,
  settings: KubernetesLeaseSettings,
  rounds: number
): Promise<ReadonlyArray<number>> => {
  const local = Option.getOrThrow(plane.local)
  const late: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    const holder = spawn(process.execPath, [fileURLToPath(new URL("../cluster/fixtures/hold.mjs", import.meta.url))], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { LEASE_SETTINGS: JSON.stringify(settings) }
    })
    await once(holder.stdout, "data")
    const next = contender(`next-${round}`, { name: settings.name, ttlMs: settings.ttlMs })
    const held = next.waitUntilAcquired().then(() => Date.now())
    await sleep(settings.ttlMs + 300)
    holder.kill("SIGKILL")
    const heldAt = await held
    const requests = await Effect.runPromise(local.leaseRequests(namespace))
    const renewedAt = requests
      .filter(({ code, name, receivedAt, verb }) =>
        verb === "patch" && code === 200 && name === settings.name && receivedAt.getTime() < heldAt - settings.ttlMs / 2
      )
      .map(({ receivedAt }) => receivedAt.getTime())
    late.push(heldAt - Math.max(...renewedAt) - settings.ttlMs)
    await next.release()
  }
  return late
}

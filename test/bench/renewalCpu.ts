import type { KubernetesLease } from "../../src/KubernetesLease.js"
import { sleep } from "./contenders.js"
import type { RawClient } from "./rawClient.js"

const cpuMillis = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

const patch = () => ({ spec: { renewTime: `${new Date().toISOString().slice(0, -1)}000Z`, leaseDurationSeconds: 60 } })

/** CPU of this process for each of so many sequential PATCHes, in milliseconds. */
export const rawPatchCpu = async (client: RawClient, name: string, times: number): Promise<number> => {
  const before = cpuMillis()
  for (let count = 0; count < times; count++) {
    await client.request("PATCH", `/${name}`, patch())
  }
  return (cpuMillis() - before) / times
}

/** CPU of this process for each renewal of leases that are held for so long. */
export const renewalCpu = async (
  leases: ReadonlyArray<KubernetesLease>,
  intervalMillis: number,
  millis: number
): Promise<number> => {
  const idleBefore = cpuMillis()
  await sleep(1000)
  const idle = (cpuMillis() - idleBefore) / 1000
  for (const lease of leases) {
    await lease.waitUntilAcquired()
  }
  const before = cpuMillis()
  await sleep(millis)
  const used = cpuMillis() - before - idle * millis
  await Promise.all(leases.map((lease) => lease.release()))
  return used / (leases.length * millis / intervalMillis)
}

import type { KubernetesLease } from "../../src/KubernetesLease.js"
import { sleep } from "./contenders.js"
import type { RawClient } from "./rawClient.js"

const cpuMillis = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

const patch = () => ({ spec: { renewTime: `${new Date().toISOString().slice(0, -1)}000Z`, leaseDurationSeconds: 60 } })

/** CPU of this process for each PATCH, sent as renewals are: so many records, each once an interval. In milliseconds. */
export const rawPatchCpu = async (
  client: RawClient,
  names: ReadonlyArray<string>,
  intervalMillis: number,
  millis: number
): Promise<number> => {
  let sent = 0
  const idle = await idleCpuPerMilli()
  const timers = names.map((name) =>
    setInterval(() => {
      sent += 1
      void client.request("PATCH", `/${name}`, patch())
    }, intervalMillis)
  )
  const before = cpuMillis()
  await sleep(millis)
  const used = cpuMillis() - before - idle * millis
  timers.forEach(clearInterval)
  await sleep(intervalMillis)
  return used / sent
}

const idleCpuPerMilli = async (): Promise<number> => {
  const before = cpuMillis()
  await sleep(1000)
  return (cpuMillis() - before) / 1000
}

/** CPU of this process for each renewal of leases that are held for so long. */
export const renewalCpu = async (
  leases: ReadonlyArray<KubernetesLease>,
  intervalMillis: number,
  millis: number
): Promise<number> => {
  const idle = await idleCpuPerMilli()
  for (const lease of leases) {
    await lease.waitUntilAcquired()
  }
  const before = cpuMillis()
  await sleep(millis)
  const used = cpuMillis() - before - idle * millis
  await Promise.all(leases.map((lease) => lease.release()))
  return used / (leases.length * millis / intervalMillis)
}

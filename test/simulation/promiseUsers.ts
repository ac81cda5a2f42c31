import type { LeaseHandle } from "../../src/internal/promise/leaseHandle.js"
import type { KubeApi } from "../../src/KubeApi.js"
import { bystanderRefs } from "./controlPlane.js"
import { Instance } from "./instance.js"
import type { Life, Users } from "./life.js"
import type { PromisePlan } from "./plan.js"
import { connectionIn, handleIn } from "./promiseFace.js"
import type { World } from "./world.js"

/** Those of one life of a process who use instances of the Promise face, all of one lease and one owner name. */
export const promiseUsers = (
  world: World,
  life: Life,
  { engines, instances }: PromisePlan,
  bystanders: number,
  api: KubeApi["Type"]
): Users => {
  const connections = Array.from({ length: engines }, () => connectionIn(life.process, api))
  const all = instances.flatMap((plan, index) => {
    const connection = connections[plan.engine % engines]
    return connection === undefined ? [] : [new Instance(world, life, plan, connection, index)]
  })
  const ending = new AbortController()
  let waits = 0
  const waitForBystander = async (handle: LeaseHandle): Promise<void> => {
    waits++
    await handle.waitUntilAcquired(ending.signal).catch(() => undefined)
    waits--
  }
  life.process.post(() => {
    bystanderRefs.slice(0, bystanders).forEach((ref) =>
      connections.forEach((connection) => void waitForBystander(handleIn(world.findings, life, connection, { ref })))
    )
    all.forEach((instance) => void instance.run())
  })
  return {
    idle: (until) => all.forEach((instance) => instance.idle(until)),
    nudge: () => all.forEach((instance) => instance.nudge()),
    end: () =>
      life.process.post(() => {
        ending.abort()
        all.forEach((instance) => instance.end())
      }),
    haveEnded: () => waits === 0 && all.every(({ hasEnded }) => hasEnded)
  }
}

import { sleep } from "./contenders.js"
import type { RawClient } from "./rawClient.js"

const draft = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "floor" }, spec: {} }

/** DELETE, watch event, CREATE: nobody can hand a lease over faster by deleting it. In milliseconds. */
export const floor = async (client: RawClient, rounds: number): Promise<ReadonlyArray<number>> => {
  const took: Array<number> = []
  let { body } = await client.request("POST", "", draft)
  for (let round = 0; round < rounds; round++) {
    const version = /"resourceVersion":"(\d+)"/.exec(body)?.[1] ?? ""
    const { deleted } = await client.watch("floor", version)
    await sleep(20)
    const began = performance.now()
    void client.request("DELETE", "/floor")
    await deleted
    ;({ body } = await client.request("POST", "", draft))
    took.push(performance.now() - began)
  }
  await client.request("DELETE", "/floor")
  return took
}

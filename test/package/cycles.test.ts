import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { copyInto, installPackage } from "../support/installedPackage.js"
import { Program } from "../support/Program.js"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kubernetes-lease-"))
  installPackage(folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The smallest leak, a handler that is kept once a cycle, is two objects; a term is 120. */
const mostObjectsPerCycle = 0.1

/** A term is 12,000; what differs from run to run is some hundreds. */
const mostBytesPerCycle = 1000

// Of compiled code there is more and more for thousands of cycles, and it lies on the heap.
const flags = ["--expose-gc", "--no-opt", "--disable-warning=ExperimentalWarning"]

/** Runs a thousand cycles in a process that has nothing else on its heap, least of all an API server. */
const assertFlatHeap = async (connection: object): Promise<void> => {
  const settings = { name: "leader", owner: "a", ttlMs: 30_000, releaseMode: "clear", ...connection }
  await using program = new Program(
    process.execPath,
    [...flags, copyInto(folder, new URL("fixtures/cycles.mjs", import.meta.url))],
    { LEASE_SETTINGS: JSON.stringify(settings) },
    folder
  )
  const growth = await program.next() as { readonly objectsPerCycle: number; readonly bytesPerCycle: number }
  assert.isBelow(growth.objectsPerCycle, mostObjectsPerCycle, "objects")
  assert.isBelow(growth.bytesPerCycle, mostBytesPerCycle, "bytes")
  const { code, stderr } = await program.ended
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
}

describe("a thousand cycles of acquire, loss and release", { timeout: 500_000 }, () => {
  it("F24 of InMemoryLeases leave the heap as it was", () => assertFlatHeap({}))

  it("F24 of KubernetesLeases leave the heap as it was", async () => {
    await using server = await TestApiServer.start()
    const { apiBaseUrl, caCert, serviceAccountToken } = server
    await assertFlatHeap({ namespace: "default", apiBaseUrl, caCert, serviceAccountToken })
  })
})

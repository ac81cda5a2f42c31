import * as Effect from "effect/Effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it, vi } from "vitest"
import { server } from "./inPod.js"

const ref = (name: string) => ({ namespace: "default", name })

const holderOf = async (name: string) => (await server.getLease(ref(name)))?.spec.holderIdentity

/** The name that this process made up when it was first asked for one. */
const oneOfThisProcess = /^.+_[\da-f-]{36}$/

afterAll(async () => {
  vi.unstubAllGlobals()
  await server.close()
})

describe("the README's examples for a pod", () => {
  it("the first example holds the lease while it works, and releases it", async () => {
    const held: Array<unknown> = []
    vi.stubGlobal("work", async (signal: AbortSignal) => {
      held.push(await holderOf("my-lease"), signal.aborted)
    })
    await import("virtual:readme/promise.ts?in-pod")
    assert.match(String(held[0]), oneOfThisProcess)
    assert.isFalse(held[1])
    assert.isUndefined(await holderOf("my-lease"))
  })

  it("the example of leading works until SIGTERM, and releases", async () => {
    const seen: Array<unknown> = []
    vi.stubGlobal("work", async (signal: AbortSignal, token: string) => {
      seen.push(await holderOf("my-lease"), Number(token) > 0)
      process.emit("SIGTERM")
      seen.push(signal.aborted)
    })
    await import("virtual:readme/lead.ts?in-pod")
    assert.match(String(seen[0]), oneOfThisProcess)
    assert.deepStrictEqual(seen.slice(1), [true, true])
    assert.isUndefined(await holderOf("my-lease"))
  })

  it("the Effect example runs the job under the lease", async () => {
    const tokens: Array<string> = []
    vi.stubGlobal("work", (token: string) => Effect.sync(() => tokens.push(token)))
    const { program } = await import("virtual:readme/effect.ts?in-pod")
    await Effect.runPromise(program)
    assert.lengthOf(tokens, 1)
    assert.isUndefined(await holderOf("nightly-job"))
  })

  it("the example outside a pod reads CA and token from files", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kubernetes-lease-"))
    const before = process.cwd()
    await writeFile(join(folder, "ca.crt"), server.caCert)
    await writeFile(join(folder, "token"), server.serviceAccountToken)
    try {
      process.chdir(folder)
      const { lease } = await import("virtual:readme/outside.ts?in-pod")
      assert.isTrue(await lease.acquire())
      await lease.release()
    } finally {
      process.chdir(before)
      await rm(folder, { recursive: true })
    }
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as https from "node:https"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Fault from "../../src/testing/Fault.js"
import type { RunningTestApiServer } from "../../src/testing/TestApiServer.js"
import { start } from "../../src/testing/TestApiServer.js"
import type { RawRequest } from "./rawRequest.js"
import * as Raw from "./rawRequest.js"

const ref = { namespace: "default", name: "leader" }

const send = (server: RunningTestApiServer, request: Omit<RawRequest, "baseUrl">) =>
  Effect.runPromise(Raw.send({
    baseUrl: server.apiBaseUrl,
    caCert: server.caCert,
    token: server.serviceAccountToken,
    ...request
  }))

const create = (server: RunningTestApiServer, token = server.serviceAccountToken) =>
  send(server, {
    method: "POST",
    path: Raw.leases,
    token,
    body: { metadata: { name: ref.name }, spec: { holderIdentity: "me" } }
  })

const withServer = async (use: (server: RunningTestApiServer) => Promise<void>) => {
  const server = await start()
  try {
    await use(server)
  } finally {
    await server.close()
  }
}

describe("TestApiServer.start", () => {
  it("serves whoever has its URL, CA and token", () =>
    withServer(async (server) => {
      assert.strictEqual((await create(server)).status, 201)
      assert.nestedPropertyVal(await server.getLease(ref), "spec.holderIdentity", "me")
      await server.patchLease(ref, { spec: { holderIdentity: "you" } })
      assert.nestedPropertyVal(await server.getLease(ref), "spec.holderIdentity", "you")
      await server.deleteLease(ref)
      assert.isUndefined(await server.getLease(ref))
    }))

  it("rejects with the error itself", () =>
    withServer(async (server) => {
      const error = await server.deleteLease(ref).then(() => undefined, (reason: unknown) => reason)
      assert.propertyVal(error, "_tag", "NotFound")
    }))

  it("gives out tokens and takes them back", () =>
    withServer(async (server) => {
      const readOnly = await server.issueToken({ rules: [{ namespace: "default", verbs: ["get"] }] })
      assert.strictEqual((await create(server, readOnly)).status, 403)
      const token = await server.issueToken({ expiresInMs: 60_000 })
      assert.strictEqual((await create(server, token)).status, 201)
      await server.revokeToken(token)
      assert.strictEqual((await create(server, token)).status, 401)
    }))

  it("injects faults until they are taken away", () =>
    withServer(async (server) => {
      const remove = await server.inject(Fault.serviceUnavailable())
      assert.strictEqual((await create(server)).status, 503)
      await remove()
      assert.strictEqual((await create(server)).status, 201)
    }))

  it("closes within its own time, whatever is open, and twice does no harm", async () => {
    const server = await start()
    const agent = new https.Agent({ keepAlive: true })
    await send(server, { path: Raw.leases, agent })
    const inHandshake = connect(Number(new URL(server.apiBaseUrl).port), "127.0.0.1")
    await once(inHandshake, "connect")
    const hanging = await server.inject(Fault.hang())
    const pending = send(server, { path: Raw.leases }).then(() => "answered", () => "ended")
    await new Promise((resolve) => setTimeout(resolve, 20))
    await server.close()
    await server.close()
    await server[Symbol.asyncDispose]()
    await hanging()
    assert.strictEqual(await pending, "ended")
    agent.destroy()
  })

  describe("kubectl", () => {
    const run = promisify(execFile)

    const kubectl = async (server: RunningTestApiServer, ...args: ReadonlyArray<string>) => {
      const folder = mkdtempSync(join(tmpdir(), "kubernetes-lease-kubectl-"))
      try {
        writeFileSync(join(folder, "ca.crt"), server.caCert)
        const options = [
          `--server=${server.apiBaseUrl}`,
          `--certificate-authority=${join(folder, "ca.crt")}`,
          `--token=${server.serviceAccountToken}`,
          `--cache-dir=${join(folder, "cache")}`
        ]
        // Elsewhere kubectl may look for a kubeconfig, whose settings would take part.
        const env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: "/dev/null" }
        return (await run("kubectl", [...options, ...args], { env })).stdout
      } finally {
        rmSync(folder, { recursive: true })
      }
    }

    it("gets, labels, patches and deletes a lease", { timeout: 30_000 }, async (context) => {
      try {
        await run("kubectl", ["version", "--client"])
      } catch {
        context.skip("kubectl is not installed")
      }
      await withServer(async (server) => {
        await create(server)
        assert.match(await kubectl(server, "get", "lease"), /^NAME +HOLDER +AGE\nleader +me +\d+s\n$/)
        assert.strictEqual(
          await kubectl(server, "get", "lease", "leader", "-o", "jsonpath={.spec.holderIdentity}"),
          "me"
        )
        await kubectl(server, "label", "lease", "leader", "app=x")
        await kubectl(server, "patch", "lease", "leader", "--type=merge", "-p", `{"spec":{"holderIdentity":"you"}}`)
        const lease = await server.getLease(ref)
        assert.nestedPropertyVal(lease, "metadata.labels.app", "x")
        assert.nestedPropertyVal(lease, "spec.holderIdentity", "you")
        await kubectl(server, "delete", "lease", "leader")
        assert.isUndefined(await server.getLease(ref))
      })
    })
  })
})

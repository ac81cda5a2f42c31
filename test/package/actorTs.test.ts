import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { copyInto, installPackage } from "../support/installedPackage.js"
import { Program } from "../support/Program.js"

describe("coming from actor-ts", () => {
  it("F24 the settings and calls of its documentation work unchanged, and the process ends by itself", async () => {
    const folder = mkdtempSync(join(tmpdir(), "kubernetes-lease-"))
    try {
      await using server = await TestApiServer.start({ namespaces: ["test"] })
      installPackage(folder)
      writeFileSync(join(folder, "test-token"), `${server.adminToken}\n`)
      writeFileSync(join(folder, "test-ca.crt"), server.caCert)
      await using program = new Program(
        process.execPath,
        [copyInto(folder, new URL("fixtures/actorTs.mjs", import.meta.url))],
        {
          PORT: new URL(server.apiBaseUrl).port,
          POD_NAME: "pod-abc-1",
          K8S_NAMESPACE: "my-app",
          NODE_EXTRA_CA_CERTS: join(folder, "test-ca.crt")
        },
        folder
      )
      assert.strictEqual(await program.next(), "settings object")
      assert.strictEqual(await program.next(), "option builder")
      assert.strictEqual(await program.next(), "a pod's settings")
      const { code, stderr } = await program.ended
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

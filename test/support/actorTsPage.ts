import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert } from "vitest"
import { copyInto, installPackage } from "./installedPackage.js"
import { Program } from "./Program.js"

/** An API server on localhost, with a namespace of this name. */
export interface LocalhostServer {
  readonly baseUrl: string
  readonly caCert: string | undefined
  /** Of one who has rights to the leases of the namespace. */
  readonly token: string
}

/** The page's own. */
export const actorTsNamespace = "test"

/** Runs what actor-ts's documentation shows, with the built package, in a process that is only told of the CA. */
export const assertActorTsPageRuns = async ({ baseUrl, caCert = "", token }: LocalhostServer): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "kubernetes-lease-"))
  try {
    installPackage(folder)
    writeFileSync(join(folder, "test-token"), `${token}\n`)
    writeFileSync(join(folder, "test-ca.crt"), caCert)
    await using program = new Program(
      process.execPath,
      [copyInto(folder, new URL("../package/fixtures/actorTs.mjs", import.meta.url))],
      {
        PORT: new URL(baseUrl).port,
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
}

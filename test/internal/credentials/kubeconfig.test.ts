import { mkdtemp, rm, writeFile } from "node:fs/promises"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { TLSSocket } from "node:tls"
import { inspect } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { InvalidSettings } from "../../../src/InvalidSettings.js"
import { CredentialsError } from "../../../src/KubeError.js"
import { KubernetesLease } from "../../../src/KubernetesLease.js"
import { certificate, privateKey } from "../../../src/testing/internal/testCertificate.js"
import * as TestApiServer from "../../../src/testing/TestApiServer.js"

let server: TestApiServer.RunningTestApiServer
let folder: string
beforeAll(async () => {
  server = await TestApiServer.start()
  folder = await mkdtemp(join(tmpdir(), "kubernetes-lease-"))
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Parts {
  readonly cluster?: object
  readonly user?: object
  readonly currentContext?: string
}

const base64 = (text: string) => Buffer.from(text).toString("base64")

let files = 0
const write = async (content: string): Promise<string> => {
  const path = join(folder, `config-${++files}`)
  await writeFile(path, content)
  return path
}

/** JSON is YAML too. */
const kubeconfig = ({ cluster = {}, currentContext = "here", user = {} }: Parts): Promise<string> =>
  write(JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": currentContext,
    clusters: [{
      name: "test",
      cluster: { server: server.apiBaseUrl, "certificate-authority-data": base64(server.caCert), ...cluster }
    }],
    users: [{ name: "me", user }],
    contexts: [{ name: "here", context: { cluster: "test", user: "me" } }, {
      name: "nowhere",
      context: { cluster: "missing", user: "me" }
    }]
  }))

const leaseWith = (given: string | { readonly path: string; readonly context?: string }) =>
  new KubernetesLease({
    namespace: "default",
    name: `lease-${files}`,
    owner: "me",
    ttlMs: 30_000,
    kubeconfig: given,
    logger: () => undefined
  })

const holds = async (lease: KubernetesLease) => {
  assert.isTrue(await lease.acquire())
  await lease.release()
}

const failure = async (lease: KubernetesLease): Promise<CredentialsError> => {
  const error: unknown = await lease.acquire().then((held) => assert.fail(String(held)), (error: unknown) => error)
  return error instanceof CredentialsError ? error : assert.fail(inspect(error))
}

describe("kubeconfig", () => {
  it("a token", async () => {
    await holds(leaseWith(await kubeconfig({ user: { token: server.serviceAccountToken } })))
  })

  it("a token file", async () => {
    const tokenFile = await write(server.serviceAccountToken)
    await holds(leaseWith(await kubeconfig({ user: { tokenFile } })))
  })

  it("R5 an exec plugin, which is run again on 401", async () => {
    const tokenFile = await write(await server.issueToken())
    const plugin = `const token = require("node:fs").readFileSync(${JSON.stringify(tokenFile)}, "utf8");
      console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: {
        token, expirationTimestamp: "2999-01-01T00:00:00Z" } }))`
    const path = await kubeconfig({
      user: {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1",
          command: process.execPath,
          args: ["-e", plugin],
          interactiveMode: "Never"
        }
      }
    })
    const lease = leaseWith(path)
    assert.isTrue(await lease.acquire())
    const replaced = await server.issueToken()
    const { readFile } = await import("node:fs/promises")
    const old = await readFile(tokenFile, "utf8")
    await writeFile(tokenFile, replaced)
    await server.revokeToken(old)
    assert.isTrue(await lease.verify())
    await lease.release()
  })

  it("a client certificate, and the name that the server's certificate is for", async () => {
    let shown: string | undefined
    const listener = https.createServer(
      { cert: certificate, key: privateKey, requestCert: true, rejectUnauthorized: false },
      ({ socket }, response) => {
        shown = socket instanceof TLSSocket ? socket.getPeerCertificate().raw.toString("base64") : undefined
        response.writeHead(500).end()
      }
    )
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve))
    const { port } = listener.address() as AddressInfo
    const path = await kubeconfig({
      cluster: { server: `https://127.0.0.1:${port}`, "tls-server-name": "localhost" },
      user: { "client-certificate-data": base64(certificate), "client-key-data": base64(privateKey) }
    })
    const error: unknown = await leaseWith(path).acquire().then(String, (error: unknown) => error)
    assert.propertyVal(error, "status", 500)
    assert.include(certificate.replace(/\s/g, ""), shown ?? "nothing")
    listener.closeAllConnections()
    await new Promise((resolve) => listener.close(resolve))
  })

  it("a context of one's choice", async () => {
    const path = await kubeconfig({ currentContext: "nowhere", user: { token: server.serviceAccountToken } })
    await holds(leaseWith({ path, context: "here" }))
    assert.match((await failure(leaseWith(path))).message, /has no cluster for context "nowhere"/)
    assert.match((await failure(leaseWith({ path, context: "?" }))).message, /has no context "\?"/)
  })

  it("a file that is missing, or no kubeconfig, says so and quotes nothing of it", async () => {
    assert.match((await failure(leaseWith(join(folder, "missing")))).message, /missing cannot be read: ENOENT/)
    const broken = await failure(leaseWith(await write("users:\n- token: top-secret-token\n  {")))
    assert.match(broken.message, /cannot be read/)
    assert.notInclude(inspect(broken, { depth: null }), "top-secret-token")
  })

  it("what is not supported is refused, never left out", async () => {
    const path = await kubeconfig({
      cluster: { server: "http://api.example", "insecure-skip-tls-verify": true, "proxy-url": "http://proxy.example" },
      user: { username: "me", password: "secret", as: "root" }
    })
    const { message } = await failure(leaseWith(path))
    for (const part of ["server is not", "insecure-skip-tls-verify", "proxy-url", "username and password", "as ("]) {
      assert.include(message, part)
    }
  })

  it("takes no other connection settings beside it", () => {
    assert.throws(
      () =>
        new KubernetesLease({
          namespace: "default",
          name: "x",
          owner: "me",
          ttlMs: 30_000,
          kubeconfig: true,
          apiBaseUrl: "https://a.example",
          serviceAccountToken: "t"
        }),
      InvalidSettings,
      /apiBaseUrl(.|\n)*serviceAccountToken/
    )
  })
})

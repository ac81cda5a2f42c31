import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect as connectTls, createServer as createTlsServer, rootCertificates } from "node:tls"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { KubernetesLeaseSettings } from "../../src/KubernetesLease.js"
import * as Fault from "../../src/testing/Fault.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { makeCertificateAuthority } from "../support/certificateAuthority.js"
import { copyInto, installPackage } from "../support/installedPackage.js"
import * as Kubeconfig from "../support/Kubeconfig.js"
import { Program } from "../support/Program.js"
import { clientNode2, presentRuntimes } from "./runtimes.js"

type Overrides = Partial<KubernetesLeaseSettings & { readonly namespace: string }>

// Real time: each test is a process of its own.

let server: TestApiServer.RunningTestApiServer
let folder: string
let scenarios: string
let withEffect: string
let elsewhere: Awaited<ReturnType<typeof forwarding>>
let underAnExtraCa: Awaited<ReturnType<typeof signedByAnother>>
beforeAll(async () => {
  server = await TestApiServer.start()
  elsewhere = await forwarding(server.apiBaseUrl)
  underAnExtraCa = await signedByAnother(server)
  folder = mkdtempSync(join(tmpdir(), "kubernetes-lease-"))
  installPackage(folder)
  scenarios = copyInto(folder, new URL("fixtures/scenarios.mjs", import.meta.url))
  withEffect = copyInto(folder, new URL("fixtures/effect.mjs", import.meta.url))
  writeFileSync(join(folder, "ca.crt"), underAnExtraCa.caCert)
}, 60_000)
afterAll(async () => {
  elsewhere.close()
  underAnExtraCa.close()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Above what a process takes to end on a busy machine, below what a forgotten timer or socket would keep it for. */
const promptMillis = 2000

/** The same server under an address that its certificate does not name. */
const forwarding = async (baseUrl: string) => {
  const forwarder = createServer((near) => {
    const far = connect(Number(new URL(baseUrl).port), "127.0.0.1")
    near.on("error", () => far.destroy())
    far.on("error", () => near.destroy())
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => {
    forwarder.listen(0, "127.0.0.2", resolve)
  })
  const { port } = forwarder.address() as AddressInfo
  return { baseUrl: `https://127.0.0.2:${port}`, close: () => forwarder.close() }
}

/** The same server with a certificate that a CA has signed, for Bun trusts no leaf as an extra CA. */
const signedByAnother = async ({ apiBaseUrl, caCert }: TestApiServer.RunningTestApiServer) => {
  const { certificate, folder, leaf } = await makeCertificateAuthority("extra CA")
  const port = Number(new URL(apiBaseUrl).port)
  const terminator = createTlsServer({ ...leaf, ALPNProtocols: ["http/1.1"] }, (near) => {
    const far = connectTls({ host: "127.0.0.1", port, ca: caCert })
    near.on("error", () => far.destroy())
    far.on("error", () => near.destroy())
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => {
    terminator.listen(0, "127.0.0.1", resolve)
  })
  const { port: ownPort } = terminator.address() as AddressInfo
  return {
    apiBaseUrl: `https://127.0.0.1:${ownPort}`,
    caCert: certificate,
    close: () => {
      terminator.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** What no runtime prints by itself. */
const endedByItself = async (program: Program): Promise<void> => {
  const { afterMillis, code, stderr } = await program.ended
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
  assert.isBelow(afterMillis, promptMillis)
}

let leases = 0

describe.each(presentRuntimes())("on $name", ({ args, argsForExtraCas, command }) => {
  const settings = (overrides: Overrides = {}) => ({
    namespace: "default",
    name: `runtime-${++leases}`,
    owner: "me",
    ttlMs: 30_000,
    renewalIntervalMs: 300,
    apiBaseUrl: server.apiBaseUrl,
    caCert: server.caCert,
    serviceAccountToken: server.serviceAccountToken,
    ...overrides
  })

  const run = (
    file: string,
    scenario: string,
    given: Overrides,
    env: Readonly<Record<string, string>> = {}
  ): Program =>
    new Program(command, [...("NODE_EXTRA_CA_CERTS" in env ? argsForExtraCas : args), file, scenario], {
      PATH: process.env["PATH"],
      HOME: folder,
      NO_COLOR: "1",
      DENO_NO_UPDATE_CHECK: "1",
      LEASE_SETTINGS: JSON.stringify(given),
      ...env
    })

  it("F24 acquires, keeps others out, renews, releases, and ends by itself", async () => {
    const given = settings()
    await using program = run(scenarios, "hold", given)
    const first = await program.next()
    assert.deepInclude(first, { held: true, aborted: false })
    assert.deepStrictEqual(await program.next(), { other: false, verified: true })
    assert.strictEqual(await program.next(), "renewed")
    assert.deepStrictEqual(await program.next(), { held: false, aborted: true })
    await endedByItself(program)
    assert.isUndefined(await server.getLease(given))
  })

  it("R3 renews on over connections that break and answers that fail", async () => {
    const given = settings()
    const remove = [
      await server.inject(Fault.unsent("Reset").pipe(Fault.on("patch"), Fault.of(given), Fault.times(1))),
      await server.inject(Fault.answerLost("Reset").pipe(Fault.on("patch"), Fault.of(given), Fault.times(1))),
      await server.inject(Fault.serviceUnavailable().pipe(Fault.on("patch"), Fault.of(given), Fault.times(1)))
    ]
    await using program = run(scenarios, "hold", given)
    await program.next()
    await program.next()
    assert.strictEqual(await program.next(), "renewed")
    assert.deepStrictEqual(await program.next(), { held: false, aborted: true })
    await endedByItself(program)
    await Promise.all(remove.map((take) => take()))
  })

  it("P2 F24 does not get what somebody else holds, and ends by itself", async () => {
    const given = settings()
    await using holder = run(scenarios, "lost", given)
    await holder.next()
    await using program = run(scenarios, "contend", given)
    assert.deepStrictEqual(await program.next(), { acquired: false })
    await endedByItself(program)
  })

  it("R2 hears of a takeover, and ends by itself", async () => {
    const given = settings()
    await using program = run(scenarios, "lost", given)
    assert.deepStrictEqual(await program.next(), { held: true })
    await server.patchLease(given, { spec: { holderIdentity: "somebody", leaseTransitions: 9 } })
    const lost = await program.next()
    assert.deepInclude(lost, { lost: "TakenOver", aborted: "LeaseLost", held: false, again: false })
    await endedByItself(program)
  })

  it("R2 hears of a deletion, and may acquire anew", async () => {
    const given = settings()
    await using program = run(scenarios, "lost", given)
    assert.deepStrictEqual(await program.next(), { held: true })
    await server.deleteLease(given)
    assert.deepInclude(await program.next(), { lost: "Deleted", aborted: "LeaseLost", held: false, again: true })
    await endedByItself(program)
    assert.isUndefined(await server.getLease(given))
  })

  it("F24 releases what is disposed of", async () => {
    const given = settings()
    await using program = run(scenarios, "dispose", given)
    assert.strictEqual(await program.next(), "held")
    assert.deepStrictEqual(await program.next(), { held: false })
    await endedByItself(program)
    assert.isUndefined(await server.getLease(given))
  })

  it("F14 asks a token function again on 401, and holds on", async () => {
    const tokens = [await server.issueToken(), await server.issueToken()]
    await using program = run(scenarios, "rotate", settings(), { TOKENS: JSON.stringify(tokens) })
    assert.deepStrictEqual(await program.next(), { asked: 1 })
    await server.revokeToken(String(tokens[0]))
    assert.deepStrictEqual(await program.next(), { asked: 2, held: true })
    await endedByItself(program)
  })

  it("P3 F28 gives back what lands of an acquire that is given up", async () => {
    const given = settings()
    const remove = await server.inject(Fault.delayAnswer(600).pipe(Fault.on("create"), Fault.of(given)))
    await using program = run(scenarios, "giveUp", given)
    assert.deepInclude(await program.next(), { name: "AbortError", real: true })
    await endedByItself(program)
    assert.isUndefined(await server.getLease(given))
    await remove()
  })

  it("C1 trusts the CAs of NODE_EXTRA_CA_CERTS where caCert is absent", async () => {
    const { caCert: _, ...given } = settings({ apiBaseUrl: underAnExtraCa.apiBaseUrl })
    await using program = run(scenarios, "fail", given, {
      NODE_EXTRA_CA_CERTS: join(folder, "ca.crt")
    })
    assert.deepStrictEqual(await program.next(), { value: true })
  })

  const failures: ReadonlyArray<{
    readonly what: string
    readonly given: () => Overrides
    readonly fault?: Fault.Fault
    readonly says: { readonly tag: string; readonly kind?: string; readonly status?: number }
  }> = [
    {
      what: "another CA is a Transient of kind Tls",
      given: () => ({ caCert: String(rootCertificates[0]) }),
      says: { tag: "Transient", kind: "Tls" }
    },
    {
      what: "a certificate for another host is a Transient of kind Tls",
      given: () => ({ apiBaseUrl: elsewhere.baseUrl }),
      says: { tag: "Transient", kind: "Tls" }
    },
    {
      what: "a closed port is a Transient of kind Connect",
      given: () => ({ apiBaseUrl: "https://127.0.0.1:1" }),
      says: { tag: "Transient", kind: "Connect" }
    },
    {
      what: "an unknown host is a Transient of kind Connect",
      given: () => ({ apiBaseUrl: "https://nowhere.invalid" }),
      says: { tag: "Transient", kind: "Connect" }
    },
    {
      what: "an unknown token is Unauthorized",
      given: () => ({ serviceAccountToken: "unknown" }),
      says: { tag: "Unauthorized", status: 401 }
    },
    {
      what: "a silent server is a Transient of kind Timeout",
      given: () => ({ requestTimeoutMs: 300 }),
      fault: Fault.hang(),
      says: { tag: "Transient", kind: "Timeout" }
    },
    {
      what: "a broken connection is a Transient of kind Reset",
      given: () => ({}),
      fault: Fault.unsent("Reset"),
      says: { tag: "Transient", kind: "Reset" }
    }
  ]

  for (const { fault, given, says, what } of failures) {
    it(`F23 ${what}, and the process ends by itself`, async () => {
      const all = settings({ acquireRetries: 0, ...given() })
      const remove = fault === undefined ? undefined : await server.inject(Fault.of(all)(fault))
      await using program = run(scenarios, "fail", all)
      assert.deepInclude(await program.next(), { name: says.tag, real: true, ...says })
      await endedByItself(program)
      await remove?.()
    })
  }

  it.for([["Reset", "Transient Reset"], ["end", "end"]] as const)(
    "the Effect face holds, watches until the watch is cut (%s), and ends by itself",
    async ([as, cut]) => {
      const given = settings()
      const remove = await server.inject(
        Fault.watchCut({ afterEvents: 1, as }).pipe(Fault.of(given), Fault.times(1))
      )
      await using program = run(withEffect, "", given)
      assert.deepStrictEqual(await program.next(), { held: true })
      assert.deepStrictEqual(await program.next(), { seen: ["Present"], cut })
      assert.deepStrictEqual(await program.next(), { first: "Present" })
      assert.deepStrictEqual(await program.next(), { held: false })
      await endedByItself(program)
      assert.isUndefined(await server.getLease(given))
      await remove()
    }
  )
})

describe("@kubernetes/client-node", () => {
  const newerNode = presentRuntimes().find(({ name }) => name === "a newer Node")?.command

  /** A kubeconfig is all that this process is given. */
  const acquireByKubeconfig = (command: string, version: 1 | 2): Program => {
    const place = join(folder, `client-node-${version}`)
    const kubeconfig = join(place, "kubeconfig")
    if (!existsSync(place)) {
      mkdirSync(place)
      installPackage(place, version === 1 ? ["@kubernetes/client-node"] : [])
      if (version === 2) {
        mkdirSync(join(place, "node_modules/@kubernetes"))
        symlinkSync(String(clientNode2()), join(place, "node_modules/@kubernetes/client-node"))
      }
      copyInto(place, new URL("fixtures/scenarios.mjs", import.meta.url))
      const { apiBaseUrl, caCert, serviceAccountToken: token } = server
      writeFileSync(kubeconfig, Kubeconfig.make({ server: apiBaseUrl, caCert, token }))
    }
    return new Program(command, [join(place, "scenarios.mjs"), "fail"], {
      PATH: process.env["PATH"],
      HOME: folder,
      NO_COLOR: "1",
      KUBECONFIG: kubeconfig,
      LEASE_SETTINGS: JSON.stringify({
        namespace: "default",
        name: `runtime-${++leases}`,
        owner: "me",
        ttlMs: 30_000,
        kubeconfig: true
      })
    })
  }

  it.for(
    [
      [1, "this Node", process.execPath],
      [2, "this Node", process.execPath],
      [1, "a newer Node", newerNode],
      [2, "a newer Node", newerNode]
    ] as const
  )("C1 version %i reads a kubeconfig on %s", async ([version, , command], { skip }) => {
    if (command === undefined || (version === 2 && clientNode2() === undefined)) {
      return skip()
    }
    await using program = acquireByKubeconfig(command, version)
    assert.deepStrictEqual(await program.next(), { value: true })
  })
})

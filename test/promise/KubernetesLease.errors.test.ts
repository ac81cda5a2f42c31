import { createServer } from "node:http"
import { createServer as createTcpServer } from "node:net"
import type { AddressInfo, Server } from "node:net"
import { rootCertificates } from "node:tls"
import { fileURLToPath } from "node:url"
import { inspect, types } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { InvalidSettings } from "../../src/InvalidSettings.js"
import type { KubernetesLeaseSettings, LeaseLost } from "../../src/KubernetesLease.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as Fault from "../../src/testing/Fault.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"

// Real time: the class owns its runtime, and the server is a real listener.

let server: TestApiServer.RunningTestApiServer
beforeAll(async () => {
  server = await TestApiServer.start({ namespaces: ["default"] })
})
afterAll(() => server.close())

let leases = 0
const leaseWith = (overrides: Partial<KubernetesLeaseSettings> = {}): KubernetesLease =>
  new KubernetesLease({
    namespace: "default",
    name: `errors-${++leases}`,
    owner: "me",
    ttlMs: 30_000,
    acquireRetries: 0,
    apiBaseUrl: server.apiBaseUrl,
    caCert: server.caCert,
    serviceAccountToken: server.serviceAccountToken,
    logger: () => undefined,
    ...overrides
  })

const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail("resolved")
}

/** Every way to print a value. */
const printed = (value: unknown): string =>
  [
    inspect(value, { depth: null, showHidden: true, showProxy: true, getters: true }),
    JSON.stringify(value),
    String(value),
    value instanceof Error ? value.stack : ""
  ].join("\n")

/** A real `Error`, with its tag for a name, and a stack that leads to this file. */
function assertReadable(error: unknown, tag: string): asserts error is Error & { readonly status?: number } {
  assert.isTrue(types.isNativeError(error), "no proxy around it: it can be cloned, and tools know it for an Error")
  assert.instanceOf(error, Error)
  assert.strictEqual(error.name, tag)
  assert.propertyVal(error, "_tag", tag)
  const stack = String(error.stack)
  assert.isTrue(stack.startsWith(`${tag}: ${error.message}\n`), stack)
  assert.include(stack, fileURLToPath(import.meta.url))
  assert.match(stack, /promise\/face\.ts|KubernetesLease\.ts/)
  assert.notInclude(stack, "node_modules/effect", "frames of the fiber runtime tell nobody anything")
}

const injected = async <A>(fault: Fault.Fault, work: () => Promise<A>): Promise<A> => {
  const remove = await server.inject(fault)
  try {
    return await work()
  } finally {
    await remove()
  }
}

const refused = (status: number, reason: string) => () =>
  injected(Fault.refuse(status, { reason, message: "said the server" }), () => rejection(leaseWith().acquire()))

const answering = async (listening: Server, work: (port: number) => Promise<unknown>): Promise<unknown> => {
  await new Promise<void>((resolve) => {
    listening.listen(0, "127.0.0.1", resolve)
  })
  try {
    return await work((listening.address() as AddressInfo).port)
  } finally {
    listening.close()
  }
}

/** What goes wrong, and what its user is told. */
const failures: ReadonlyArray<{
  readonly what: string
  readonly fail: () => Promise<unknown>
  readonly tag: string
  readonly status?: number
  readonly kind?: string
  readonly says: ReadonlyArray<RegExp>
}> = [
  {
    what: "a missing right",
    fail: async () => rejection(leaseWith({ serviceAccountToken: await server.issueToken({ rules: [] }) }).acquire()),
    tag: "Forbidden",
    status: 403,
    says: [/"get" on leases of coordination\.k8s\.io in namespace default/, /rbac\//]
  },
  {
    what: "a right that is missing only for the write",
    fail: async () => {
      const rules = [{ namespace: "default", verbs: ["get"] }]
      return rejection(leaseWith({ serviceAccountToken: await server.issueToken({ rules }) }).acquire())
    },
    tag: "Forbidden",
    status: 403,
    says: [/"create" on leases/, /rbac\//]
  },
  {
    what: "an unknown token",
    fail: () => rejection(leaseWith({ serviceAccountToken: "unknown" }).acquire()),
    tag: "Unauthorized",
    status: 401,
    says: [/Give a token that this API server has issued/]
  },
  {
    what: "a missing namespace",
    fail: () => rejection(leaseWith({ namespace: "nowhere", serviceAccountToken: server.adminToken }).acquire()),
    tag: "NotFound",
    status: 404,
    kind: "namespaces",
    says: [/Create the namespace nowhere or correct its name/]
  },
  {
    what: "a write that is always too late",
    fail: () =>
      injected(
        Fault.refuse(409, { reason: "AlreadyExists" }).pipe(Fault.on("create")),
        () => rejection(leaseWith().acquire())
      ),
    tag: "Conflict",
    status: 409,
    says: [/somebody else wrote it first/]
  },
  {
    what: "an object that the server refuses",
    fail: refused(422, "Invalid"),
    tag: "Invalid",
    status: 422,
    says: [/the API server finds it invalid: said the server/]
  },
  {
    what: "an ailing server",
    fail: refused(503, "ServiceUnavailable"),
    tag: "Transient",
    status: 503,
    kind: "Status",
    says: [/status 503: said the server/]
  },
  {
    what: "a silent server",
    fail: () => injected(Fault.hang(), () => rejection(leaseWith({ requestTimeoutMs: 100 }).acquire())),
    tag: "Transient",
    kind: "Timeout",
    says: [/no answer within \d+ ms/]
  },
  {
    what: "a closed port",
    fail: () => rejection(leaseWith({ apiBaseUrl: "https://127.0.0.1:1" }).acquire()),
    tag: "Transient",
    kind: "Connect",
    says: [/ECONNREFUSED/, /Is the API server's address right/]
  },
  {
    what: "another CA",
    fail: () => rejection(leaseWith({ caCert: String(rootCertificates[0]) }).acquire()),
    tag: "Transient",
    kind: "Tls",
    says: [/Is caCert the CA that signed the API server's certificate/]
  },
  {
    what: "a server that hangs up",
    fail: () =>
      answering(
        createTcpServer((socket) => socket.destroy()),
        (port) => rejection(leaseWith({ apiBaseUrl: `http://127.0.0.1:${port}` }).acquire())
      ),
    tag: "Transient",
    kind: "Reset",
    says: [/The connection broke/]
  },
  {
    what: "a web page for an answer",
    fail: () =>
      answering(
        createServer((_, response) => response.end("<html>")),
        (port) => rejection(leaseWith({ apiBaseUrl: `http://127.0.0.1:${port}` }).acquire())
      ),
    tag: "Transient",
    status: 200,
    kind: "Decode",
    says: [/the answer is no Lease/]
  },
  {
    what: "a token function that throws",
    fail: () =>
      rejection(leaseWith({ serviceAccountToken: () => Promise.reject(new Error("the vault is closed")) }).acquire()),
    tag: "CredentialsError",
    says: [/serviceAccountToken failed: the vault is closed/]
  },
  {
    what: "a token function that gives nothing",
    fail: () => rejection(leaseWith({ serviceAccountToken: () => "" }).acquire()),
    tag: "CredentialsError",
    says: [/The token is empty/]
  }
]

describe("the errors of KubernetesLease", () => {
  for (const { fail, kind, says, status, tag, what } of failures) {
    it(`F23 ${what} rejects with ${tag}, which says what to do`, async () => {
      const error = await fail()
      assertReadable(error, tag)
      assert.strictEqual(error.status, status)
      assert.strictEqual("kind" in error ? error.kind : undefined, kind)
      says.forEach((pattern) => assert.match(error.message, pattern))
      assert.strictEqual(structuredClone(error).message, error.message)
    })
  }

  it("F30 C5 no rejection shows a token, not even one that a proxy repeats", async () => {
    const secret = "top-secret-token"
    const proxy = createServer((request, response) => {
      response.writeHead(502).end(`<pre>authorization: ${String(request.headers.authorization)}</pre>`)
    })
    const errors = [
      await rejection(leaseWith({ serviceAccountToken: secret }).acquire()),
      await rejection(leaseWith({ serviceAccountToken: () => secret }).acquire()),
      await rejection(leaseWith({ serviceAccountToken: secret, apiBaseUrl: "https://127.0.0.1:1" }).acquire()),
      await rejection(leaseWith({ serviceAccountToken: secret, caCert: String(rootCertificates[0]) }).acquire()),
      await rejection(leaseWith({ serviceAccountToken: () => `${secret} ${secret}` }).acquire()),
      await answering(
        proxy,
        (port) =>
          rejection(leaseWith({ serviceAccountToken: secret, apiBaseUrl: `http://127.0.0.1:${port}` }).acquire())
      )
    ]
    for (const error of errors) {
      assert.instanceOf(error, Error)
      assert.notInclude(printed(error), secret)
    }
  })

  it("F30 C5 wrong settings throw without the token that was among them", () => {
    const secret = "top secret token"
    try {
      leaseWith({ serviceAccountToken: secret, ttlMs: -1 })
      assert.fail("did not throw")
    } catch (error) {
      assert.instanceOf(error, InvalidSettings)
      assert.sameMembers(error.faults.map(({ field }) => field), ["ttlMs", "serviceAccountToken"])
      assert.notInclude(printed(error), secret)
    }
  })

  it("wrong settings throw a real Error that lists every fault, from where the constructor was called", () => {
    try {
      // @ts-expect-error: everything that is required is missing.
      const lease = new KubernetesLease({ caCert: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" })
      assert.fail(`made ${String(lease)}`)
    } catch (error) {
      assertReadable(error, "InvalidSettings")
      for (const field of ["name", "namespace", "ttlMs", "caCert"]) {
        assert.match(error.message, new RegExp(`^  ${field} is .*, expected `, "m"))
      }
    }
  })

  it("X4 release() rejects with the reason, as readable", async () => {
    const lease = leaseWith({ releaseTimeoutMs: 300 })
    await lease.acquire()
    const error = await injected(Fault.serviceUnavailable(), () => rejection(lease.release()))
    assertReadable(error, "Transient")
    assert.isFalse(lease.checkAlive())
  })

  it("R8 verify() rejects with the reason, as readable", async () => {
    const lease = leaseWith()
    await lease.acquire()
    assertReadable(await injected(Fault.forbidden(), () => rejection(lease.verify())), "Forbidden")
    await lease.release()
  })

  it("P3 an acquire that is given up rejects with an AbortError", async () => {
    const lease = leaseWith()
    const acquiring = rejection(lease.acquire())
    await lease.release()
    const error = await acquiring
    assert.isTrue(types.isNativeError(error))
    assert.propertyVal(error, "name", "AbortError")
    assert.match(String(error), /given up by release\(\)/)
  })

  it("R3 a loss says in a real Error what the last failure was", async () => {
    const lines: Array<Readonly<Record<string, unknown>>> = []
    const lease = leaseWith({ ttlMs: 1000, logger: (_level, _message, fields) => lines.push(fields) })
    const lost = new Promise<LeaseLost>((resolve) => {
      lease.onLost((_, lost) => resolve(lost))
    })
    await lease.acquire()
    await injected(Fault.serviceUnavailable(), async () => {
      const { reason } = await lost
      assert(reason._tag === "Expired")
      assert.isTrue(types.isNativeError(await lost))
      assert.isTrue(types.isNativeError(reason.lastError))
      assert.propertyVal(reason.lastError, "_tag", "Transient")
      const logged = lines.flatMap(({ error }) => error === undefined ? [] : [error])
      assert.isNotEmpty(logged)
      assert.isTrue(logged.every(types.isNativeError))
    })
  })
})

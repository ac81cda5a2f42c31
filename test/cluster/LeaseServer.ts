import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import { renameSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Certificates from "./Certificates.js"
import type { CommandError } from "./Command.js"
import type { LeaseRule } from "./ControlPlane.js"
import * as Etcd from "./Etcd.js"
import { freePort } from "./FreePort.js"
import * as ServerFolder from "./ServerFolder.js"
import type { ServerNotReady } from "./ServerReady.js"
import { waitUntilReady } from "./ServerReady.js"

/** An etcd and a server of Leases, by the library of a current Kubernetes, of the test's own. */
export class LeaseServer extends Context.Tag("kubernetes-lease/test/LeaseServer")<LeaseServer, {
  readonly baseUrl: string
  readonly caCert: string
  /** The only one there is. */
  readonly namespace: string
  /** Its bearer may do everything. */
  readonly adminToken: string
  /** The token of a new ServiceAccount of the namespace, with just these rights, which are in force at once. */
  readonly issueToken: (rules: ReadonlyArray<LeaseRule>) => Effect.Effect<string>
  /** Kills the server and starts it again, on the same port and with the same data. */
  readonly restart: Effect.Effect<void, ServerNotReady>
}>() {}

interface User {
  readonly token: string
  readonly name: string
  readonly admin?: true
  readonly rules?: ReadonlyArray<LeaseRule & { readonly namespace: string }>
}

const make = Effect.fnUntraced(function*(programs: string) {
  const folder = yield* ServerFolder.make
  const namespace = "default"
  const admin = { token: randomUUID(), name: "admin", admin: true } as const

  const access = join(folder, "access.json")
  const users: Array<User> = []
  const addUser = (user: User) =>
    Effect.sync(() => {
      users.push(user)
      // Replaced rather than rewritten: the server may be reading it.
      writeFileSync(`${access}.new`, JSON.stringify({ namespaces: [namespace], users }), { mode: 0o600 })
      renameSync(`${access}.new`, access)
    })
  yield* addUser(admin)

  const certificates = yield* Certificates.make(folder)
  const port = yield* freePort
  const cluster = { server: `https://127.0.0.1:${port}`, caCert: certificates.caCert }
  const etcd = yield* Etcd.start(folder, resolve(programs, "etcd"))
  const startProcess = Effect.gen(function*() {
    const server = yield* ServerFolder.startServer(folder, resolve(programs, "lease-server"), "lease-server", [
      `--etcd=${etcd.url}`,
      `--port=${port}`,
      `--certificate=${certificates.certificateFile}`,
      `--private-key=${certificates.privateKeyFile}`,
      `--access=${access}`
    ])
    yield* waitUntilReady(cluster, admin.token, { "lease-server": server, etcd: etcd.server })
    return server
  })

  let server = yield* startProcess

  return LeaseServer.of({
    baseUrl: cluster.server,
    caCert: cluster.caCert,
    namespace,
    adminToken: admin.token,
    issueToken: (rules) =>
      Effect.gen(function*() {
        const token = randomUUID()
        yield* addUser({
          token,
          name: `system:serviceaccount:${namespace}:${users.length}`,
          rules: rules.map((rule) => ({ namespace, ...rule }))
        })
        return token
      }),
    restart: Effect.gen(function*() {
      yield* server.signal("SIGKILL")
      yield* server.ended
      server = yield* startProcess
    })
  })
})

/** From a folder with the programs `etcd` and `lease-server`. */
export const layer = (programs: string): Layer.Layer<LeaseServer, CommandError | ServerNotReady> =>
  Layer.scoped(LeaseServer, make(programs))

/** The folder that the environment names. */
export const programs = process.env["LEASE_SERVER"] ?? ""

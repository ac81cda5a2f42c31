import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { generateKeyPairSync, randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Kubeconfig from "../support/Kubeconfig.js"
import * as AuditLog from "./AuditLog.js"
import * as Certificates from "./Certificates.js"
import type { CommandError } from "./Command.js"
import * as Etcd from "./Etcd.js"
import { freePort } from "./FreePort.js"
import * as ServerFolder from "./ServerFolder.js"
import type { ServerNotReady } from "./ServerReady.js"
import { waitUntilReady } from "./ServerReady.js"

/** An etcd and a kube-apiserver of the test's own. */
export interface LocalControlPlane {
  /** Holds everything that the servers read and write, among it `etcd.log` and `kube-apiserver.log`. */
  readonly folder: string
  /** The administrator's. */
  readonly kubeconfig: string
  readonly leaseRequests: (namespace: string) => Effect.Effect<ReadonlyArray<AuditLog.LeaseRequest>>
  /**
   * Ends the API server and waits until it is gone. SIGTERM lets it finish what it has begun, which an open watch can
   * draw out to a minute; SIGKILL is a crash.
   */
  readonly stopApiServer: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  /** On the same port, with the same data; returns when it is ready. */
  readonly startApiServer: Effect.Effect<void, ServerNotReady>
  /** The API server keeps its connections and answers nothing. */
  readonly pauseApiServer: Effect.Effect<void>
  readonly resumeApiServer: Effect.Effect<void>
}

/** Starts both servers from a folder with the programs `etcd` and `kube-apiserver`. */
export const start = Effect.fnUntraced(function*(
  assets: string
): Effect.fn.Return<LocalControlPlane, CommandError | ServerNotReady, Scope.Scope> {
  const folder = yield* ServerFolder.make
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  const port = yield* freePort

  const certificates = yield* Certificates.make(folder)
  const cluster = { server: `https://127.0.0.1:${port}`, caCert: certificates.caCert }
  const adminToken = randomUUID()
  const kubeconfig = file("admin.kubeconfig", Kubeconfig.make({ ...cluster, token: adminToken }))
  const serviceAccountKey = file(
    "service-account.key",
    generateKeyPairSync("ec", {
      namedCurve: "P-256",
      privateKeyEncoding: { type: "sec1", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" }
    }).privateKey
  )
  const auditLog = file("audit.log", "")

  const etcd = yield* Etcd.start(folder, resolve(assets, "etcd"))

  const startApiServerProcess = ServerFolder.startServer(folder, resolve(assets, "kube-apiserver"), "kube-apiserver", [
    `--etcd-servers=${etcd.url}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--endpoint-reconciler-type=none",
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--tls-cert-file=${certificates.certificateFile}`,
    `--tls-private-key-file=${certificates.privateKeyFile}`,
    "--authorization-mode=RBAC",
    `--token-auth-file=${file("tokens.csv", `${adminToken},admin,admin,system:masters\n`)}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${serviceAccountKey}`,
    `--service-account-key-file=${serviceAccountKey}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    // Without a controller-manager, no namespace gets the ServiceAccount that this plugin wants for every pod.
    "--disable-admission-plugins=ServiceAccount",
    `--audit-policy-file=${file("audit-policy.json", AuditLog.policy)}`,
    `--audit-log-path=${auditLog}`
  ])

  const untilReady = (server: ServerFolder.ServerProcess) =>
    waitUntilReady(cluster, adminToken, { "kube-apiserver": server, etcd: etcd.server })

  let apiServer = yield* startApiServerProcess
  yield* untilReady(apiServer)

  return {
    folder,
    kubeconfig,
    leaseRequests: (namespace) => AuditLog.read(auditLog, namespace),
    stopApiServer: (signal) => Effect.suspend(() => Effect.zipRight(apiServer.signal(signal), apiServer.ended)),
    startApiServer: Effect.gen(function*() {
      apiServer = yield* startApiServerProcess
      yield* untilReady(apiServer)
    }),
    pauseApiServer: Effect.suspend(() => apiServer.signal("SIGSTOP")),
    resumeApiServer: Effect.suspend(() => apiServer.signal("SIGCONT"))
  }
})

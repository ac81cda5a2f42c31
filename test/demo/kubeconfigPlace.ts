import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { isIP } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { View } from "../../src/internal/credentials/kubeconfigFiles.js"
import { locationsOf, viewOf } from "../../src/internal/credentials/kubeconfigFiles.js"
import { UsageError } from "./options.js"
import type { Place } from "./place.js"
import { Proxies } from "./proxies.js"
import { unbreakablePlace } from "./unbreakablePlace.js"

/** The cluster of a kubeconfig's current context, through proxies where its certificate allows for any. */
export const kubeconfigPlace = async (path: string | undefined): Promise<Place> => {
  const title = `the cluster of ${path ?? "your kubeconfig"}`
  const view = await load(path)
  const apiServer = new URL(view.cluster.server)
  const tlsServerName = view.cluster["tls-server-name"] || undefined
  if (!canBeProxied(apiServer, tlsServerName)) {
    return unbreakablePlace(title, { kubeconfig: path ?? true })
  }
  const folder = await mkdtemp(join(tmpdir(), "kubernetes-lease-demo-"))
  const proxies = new Proxies()
  return {
    title,
    connectionOf: async (member) => {
      const file = join(folder, member)
      const config = withServer(view, {
        server: await proxies.urlOf(member, apiServer),
        "tls-server-name": tlsServerName ?? (isLoopback(apiServer) ? undefined : apiServer.hostname)
      })
      await writeFile(file, config, { mode: 0o600 })
      return { kubeconfig: file }
    },
    network: proxies,
    rights: undefined,
    close: async () => {
      proxies.close()
      await rm(folder, { recursive: true })
    }
  }
}

const load = async (path: string | undefined): Promise<View> => {
  const options = { path }
  const locations = locationsOf(options, process.env)
  const loaded = await Effect.runPromise(Effect.either(viewOf(options, locations)))
  if (Either.isLeft(loaded)) {
    throw new UsageError(loaded.left.message)
  }
  if (loaded.right === undefined) {
    throw new UsageError(`There is no ${locations.files.join(", ")}`)
  }
  return loaded.right
}

/** TLS names servers by name only: one that is reached by an address has to be at the proxy's. */
const canBeProxied = (apiServer: URL, tlsServerName: string | undefined): boolean =>
  tlsServerName !== undefined || isLoopback(apiServer) || isIP(apiServer.hostname.replace(/^\[|\]$/g, "")) === 0

const isLoopback = ({ hostname }: URL): boolean => hostname === "127.0.0.1"

const withServer = ({ cluster, user }: View, server: object): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "demo",
    clusters: [{ name: "demo", cluster: { ...cluster, ...server } }],
    users: [{ name: "demo", user }],
    contexts: [{ name: "demo", context: { cluster: "demo", user: "demo" } }]
  })

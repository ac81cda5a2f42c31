import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { isIP } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { KubeConfig } from "../../src/internal/kubeconfig.js"
import { loadKubeConfig } from "../../src/internal/kubeconfig.js"
import { UsageError } from "./options.js"
import type { Place } from "./place.js"
import { Proxies } from "./proxies.js"
import { unbreakablePlace } from "./unbreakablePlace.js"

/** The cluster of a kubeconfig's current context, through proxies where its certificate allows for any. */
export const kubeconfigPlace = async (path: string | undefined): Promise<Place> => {
  const title = `the cluster of ${path ?? "your kubeconfig"}`
  const kubeConfig = await load(path)
  const cluster = kubeConfig.getCurrentCluster()
  if (cluster === null) {
    throw new UsageError(`${path ?? "Your kubeconfig"} names no cluster`)
  }
  const apiServer = new URL(cluster.server)
  if (!canBeProxied(apiServer, cluster.tlsServerName)) {
    return unbreakablePlace(title, { kubeconfig: path ?? true })
  }
  const folder = await mkdtemp(join(tmpdir(), "kubernetes-lease-demo-"))
  const proxies = new Proxies()
  return {
    title,
    connectionOf: async (member) => {
      const file = join(folder, member)
      const config = withServer(kubeConfig, cluster.name, {
        server: await proxies.urlOf(member, apiServer),
        tlsServerName: cluster.tlsServerName ?? (isLoopback(apiServer) ? undefined : apiServer.hostname)
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

const load = async (path: string | undefined): Promise<KubeConfig> => {
  const loaded = await Effect.runPromise(Effect.either(loadKubeConfig({ path })))
  if (Either.isLeft(loaded)) {
    throw new UsageError(loaded.left.message)
  }
  return loaded.right
}

/** TLS names servers by name only: one that is reached by an address has to be at the proxy's. */
const canBeProxied = (apiServer: URL, tlsServerName: string | undefined): boolean =>
  tlsServerName !== undefined || isLoopback(apiServer) || isIP(apiServer.hostname.replace(/^\[|\]$/g, "")) === 0

const isLoopback = ({ hostname }: URL): boolean => hostname === "127.0.0.1"

const withServer = (
  kubeConfig: KubeConfig,
  clusterName: string,
  to: { readonly server: string; readonly tlsServerName: string | undefined }
): string => {
  const config: { readonly clusters: ReadonlyArray<{ readonly name: string; readonly cluster: object }> } = JSON.parse(
    kubeConfig.exportConfig()
  )
  return JSON.stringify({
    ...config,
    clusters: config.clusters.map(({ cluster, name }) => ({
      name,
      cluster: name === clusterName ? { ...cluster, server: to.server, "tls-server-name": to.tlsServerName } : cluster
    }))
  })
}

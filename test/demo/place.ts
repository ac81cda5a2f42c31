import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import type { Options } from "./options.js"
import type { Proxy } from "./proxy.js"
import { startProxy } from "./proxy.js"

/** An API server for the members to run for a lease on. */
export interface Place {
  readonly title: string
  /** What a member's `KubernetesLease` needs to get there; it travels as JSON. */
  readonly connectionOf: (member: string) => Promise<Readonly<Record<string, unknown>>>
  /** Absent where nobody may break things. */
  readonly faults: Faults | undefined
  readonly close: () => Promise<void>
}

/** What can be done to the members. */
export interface Faults {
  readonly cut: (member: string) => void
  readonly silence: (member: string) => void
  readonly restore: (member: string) => Promise<void>
  /** As if somebody deleted, or put back, the RoleBinding of them all. */
  readonly setRights: (granted: boolean) => Promise<void>
}

export const placeOf = (options: Options): Place => {
  switch (options.where) {
    case "test":
      return testPlace()
    case "in-cluster":
      return clusterPlace("the cluster of this pod", {})
    case "kubeconfig":
      return clusterPlace(`the cluster of ${options.path ?? "your kubeconfig"}`, { kubeconfig: options.path ?? true })
  }
}

const clusterPlace = (title: string, connection: Readonly<Record<string, unknown>>): Place => ({
  title,
  connectionOf: async () => connection,
  // Its certificate names no proxy on loopback, and its rights are not ours to change.
  faults: undefined,
  close: async () => {}
})

const testPlace = (): Place => {
  const runtime = ManagedRuntime.make(TestApiServer.layer)
  const server = (): Promise<TestApiServer.TestApiServer["Type"]> => runtime.runPromise(TestApiServer.TestApiServer)
  const proxies = new Map<string, Proxy>()
  const tokens = new Map<string, string>()
  return {
    title: "a TestApiServer over HTTPS on this machine",
    connectionOf: async (member) => {
      const { baseUrl, caCert, issueToken } = await server()
      const proxy = proxies.get(member) ?? await startProxy({ host: "127.0.0.1", port: Number(new URL(baseUrl).port) })
      const token = tokens.get(member)
        ?? await Effect.runPromise(issueToken({ user: `system:serviceaccount:default:${member}` }))
      proxies.set(member, proxy)
      tokens.set(member, token)
      return { apiBaseUrl: `https://127.0.0.1:${proxy.port}`, caCert, serviceAccountToken: token }
    },
    faults: {
      cut: (member) => proxies.get(member)?.cut(),
      silence: (member) => proxies.get(member)?.silence(),
      restore: async (member) => proxies.get(member)?.restore(),
      setRights: async (granted) => {
        const { setRules } = await server()
        const rules = granted ? [{ namespace: "default", verbs: ["*"] }] : []
        await Promise.all([...tokens.values()].map((token) => Effect.runPromise(setRules(token, rules))))
      }
    },
    close: async () => {
      for (const proxy of proxies.values()) {
        proxy.cut()
      }
      await runtime.dispose()
    }
  }
}

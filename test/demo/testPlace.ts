import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import type { Place } from "./place.js"
import { Proxies } from "./proxies.js"

/** A `TestApiServer` of the demo's own, which may do to it as it likes. */
export const testPlace = (): Place => {
  const runtime = ManagedRuntime.make(TestApiServer.layer)
  const server = (): Promise<TestApiServer.TestApiServer["Type"]> => runtime.runPromise(TestApiServer.TestApiServer)
  const proxies = new Proxies()
  const tokens = new Map<string, string>()
  const setRules = async (
    rules: ReadonlyArray<{ readonly namespace: string; readonly verbs: ReadonlyArray<string> }>
  ) => {
    const { setRules } = await server()
    await Promise.all([...tokens.values()].map((token) => Effect.runPromise(setRules(token, rules))))
  }
  return {
    title: "a TestApiServer over HTTPS on this machine",
    connectionOf: async (member) => {
      const { baseUrl, caCert, issueToken } = await server()
      const token = tokens.get(member)
        ?? await Effect.runPromise(issueToken({ user: `system:serviceaccount:default:${member}` }))
      tokens.set(member, token)
      return { apiBaseUrl: await proxies.urlOf(member, new URL(baseUrl)), caCert, serviceAccountToken: token }
    },
    network: proxies,
    rights: {
      withdraw: () => setRules([]),
      grant: () => setRules([{ namespace: "default", verbs: ["*"] }])
    },
    close: async () => {
      proxies.close()
      await runtime.dispose()
    }
  }
}

import * as Effect from "effect/Effect"
import type { KubernetesLeaseSettings } from "../../src/KubernetesLease.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import { ControlPlane } from "../cluster/ControlPlane.js"

const verbs = ["get", "create", "patch", "delete", "watch"]

export type Contender = (owner: string, settings?: Partial<KubernetesLeaseSettings>) => KubernetesLease

/** Contenders that share nothing: each has a token of its own, and with it connections and an engine of its own. */
export const contenders = Effect.gen(function*() {
  const plane = yield* ControlPlane
  const namespace = yield* plane.makeNamespace
  const serviceAccount = yield* plane.makeServiceAccount(namespace, [{ verbs }])
  const token = yield* plane.makeToken(namespace, serviceAccount)
  const contender: Contender = (owner, settings = {}) =>
    new KubernetesLease({
      namespace,
      name: "leader",
      owner,
      ttlMs: 15_000,
      releaseTimeoutMs: 15_000,
      apiBaseUrl: plane.baseUrl,
      caCert: plane.caCert,
      // Functions are told apart, strings are not.
      serviceAccountToken: () => token,
      logger: () => undefined,
      ...settings
    })
  return { contender, namespace, plane, token }
})

export const sleep = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

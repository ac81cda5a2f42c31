import * as Effect from "effect/Effect"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { InMemoryLease } from "../../src/InMemoryLease.js"
import type { PromiseLease } from "../../src/internal/promise/face.js"
import { memoryConnection } from "../../src/internal/promise/memoryConnection.js"
import type {
  FurtherSettings,
  Leading,
  LeadOptions,
  LeadWork,
  LeaseLost,
  LeaseSettings
} from "../../src/KubernetesLease.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"

export type TwinSettings = LeaseSettings & FurtherSettings

/** What the contract says of both classes is tried on both. */
export interface Twin {
  /** Its answers take macrotasks. */
  readonly hasNetwork: boolean
  readonly lease: (settings: TwinSettings) => PromiseLease
  readonly lead: (settings: TwinSettings, work: LeadWork, options?: LeadOptions) => Leading
  /** `""` for a record without a holder, `undefined` where there is none. */
  readonly holderOf: (name: string) => Promise<string | undefined>
  /** As another process would, over whatever stands there; in the name of `""`, it releases. */
  readonly takeOver: (name: string, by: string) => Promise<void>
}

const namespace = "default"

const memory: Twin = {
  hasNetwork: false,
  lease: (settings) => new InMemoryLease(settings),
  lead: (settings, work, options) => InMemoryLease.lead(settings, work, options),
  holderOf: (name) =>
    memoryConnection.run(({ requests }) =>
      requests.get({ namespace, name }, 10_000).pipe(
        Effect.map(({ spec }) => spec?.holderIdentity ?? ""),
        Effect.catchTag("NotFound", () => Effect.succeed<string | undefined>(undefined))
      )
    ),
  takeOver: (name, by) =>
    memoryConnection.run(({ requests }) =>
      requests.get({ namespace, name }, 10_000).pipe(
        Effect.flatMap(({ metadata: { resourceVersion } }) =>
          requests.patch(
            { namespace, name },
            { resourceVersion, spec: { holderIdentity: by, leaseTransitions: 9 } },
            10_000
          )
        ),
        // A renewal may come between the two.
        Effect.retry({ while: ({ _tag }) => _tag === "Conflict" }),
        Effect.asVoid
      )
    )
}

const overHttps = (server: () => TestApiServer.RunningTestApiServer): Twin => {
  const connected = (settings: TwinSettings) => ({
    ...settings,
    namespace,
    apiBaseUrl: server().apiBaseUrl,
    caCert: server().caCert,
    serviceAccountToken: server().serviceAccountToken
  })
  return {
    hasNetwork: true,
    lease: (settings) => new KubernetesLease(connected(settings)),
    lead: (settings, work, options) => KubernetesLease.lead(connected(settings), work, options),
    holderOf: async (name) => {
      const record = await server().getLease({ namespace, name })
      return record === undefined ? undefined : record.spec?.holderIdentity ?? ""
    },
    takeOver: async (name, by) => {
      await server().patchLease({ namespace, name }, { spec: { holderIdentity: by, leaseTransitions: 9 } })
    }
  }
}

/** Runs the same tests for both classes. */
export const describeTwins = (title: string, body: (twin: Twin) => void): void => {
  describe(`${title} (InMemoryLease)`, () => {
    afterAll(() => InMemoryLease.reset())
    body(memory)
  })
  describe(`${title} (KubernetesLease)`, () => {
    let server: TestApiServer.RunningTestApiServer
    beforeAll(async () => {
      server = await TestApiServer.start()
    })
    afterAll(() => server.close())
    body(overHttps(() => server))
  })
}

let names = 0

/** Nobody else's lease; nothing about it is decided by a slow machine. */
export const fresh = (overrides: Partial<TwinSettings> = {}): TwinSettings => ({
  name: `lease-${++names}`,
  owner: "a",
  ttlMs: 30_000,
  logger: () => undefined,
  ...overrides
})

export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => assert.fail(`resolved with ${String(value)}`), (error: unknown) => error)

export const pause = (millis: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, millis)
  })

/** As a process that is stopped: neither a renewal nor a timer comes to pass. */
export const standStill = (millis: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)
}

export const eventually = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) {
    await pause(5)
  }
}

/** Every loss that the lease tells from now on. */
export const lossesOf = (lease: PromiseLease): ReadonlyArray<LeaseLost["reason"]> => {
  const losses: Array<LeaseLost["reason"]> = []
  lease.onLost((_, { reason }) => void losses.push(reason))
  return losses
}

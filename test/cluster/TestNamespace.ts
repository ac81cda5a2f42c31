import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import type { KubernetesLeaseSettings, LeaseLost } from "../../src/KubernetesLease.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import { ControlPlane } from "./ControlPlane.js"
import { eventually } from "./eventually.js"

/** What `rbac/` grants. */
export const allVerbs = ["get", "create", "update", "patch", "delete", "watch"]

export const leaseName = "leader"

/** A Lease as the API server writes it, read without the library's own codec. */
const Lease = Schema.parseJson(Schema.Struct({
  metadata: Schema.Struct({
    uid: Schema.String,
    resourceVersion: Schema.String,
    creationTimestamp: Schema.String,
    labels: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), { default: () => ({}) })
  }),
  spec: Schema.Struct({
    holderIdentity: Schema.String,
    leaseDurationSeconds: Schema.Number,
    acquireTime: Schema.String,
    renewTime: Schema.String,
    leaseTransitions: Schema.Number
  })
}))
export type Lease = typeof Lease.Type
const decodeLease = Schema.decode(Lease)

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A `KubernetesLease`, and everything that it has said. */
export interface TestLease {
  readonly lease: KubernetesLease
  readonly losses: ReadonlyArray<{ readonly reason: string; readonly lost: LeaseLost; readonly atMillis: number }>
  readonly logLines: ReadonlyArray<LogLine>
}

export type LeaseOptions = Partial<KubernetesLeaseSettings> & { readonly owner: string }

/** A namespace of the test's own, with one ServiceAccount that has these rights to its leases. */
export const make = Effect.fnUntraced(function*(verbs: ReadonlyArray<string> = allVerbs) {
  const plane = yield* ControlPlane
  const namespace = yield* plane.makeNamespace
  const makeServiceAccount = plane.makeServiceAccount(namespace, verbs.length === 0 ? [] : [{ verbs }])
  const serviceAccount = yield* makeServiceAccount
  const makeToken = plane.makeToken(namespace, serviceAccount)
  const token = yield* makeToken

  const settings = (options: LeaseOptions): KubernetesLeaseSettings => ({
    namespace,
    name: leaseName,
    ttlMs: 3000,
    apiBaseUrl: plane.baseUrl,
    caCert: plane.caCert,
    serviceAccountToken: token,
    ...options
  })

  /** Released when the scope closes, so that no test leaves renewals to the next. */
  const makeLease = (options: LeaseOptions) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => observed(settings(options))),
        ({ lease }) => Effect.ignore(Effect.tryPromise(() => lease.release()))
      ),
      (testLease): TestLease => testLease
    )

  const kubectl = (...args: ReadonlyArray<string>) => plane.kubectl([...args, "-n", namespace])

  /** By kubectl, as an administrator looks at it. */
  const describeLease = Effect.flatMap(kubectl("get", "lease", leaseName, "-o", "json"), decodeLease)

  /** By one request, which costs less than kubectl: for polling. */
  const readLease = Effect.flatMap(
    plane.request({ token, path: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${leaseName}` }),
    ({ body }) => decodeLease(body)
  )

  return {
    namespace,
    serviceAccount,
    token,
    /** Another token of the same ServiceAccount. */
    makeToken,
    /** Another ServiceAccount with the same rights. */
    makeServiceAccount,
    settings,
    makeLease,
    kubectl,
    describeLease,
    readLease
  }
})

const observed = (settings: KubernetesLeaseSettings) => {
  const losses: Array<TestLease["losses"][number]> = []
  const logLines: Array<LogLine> = []
  const lease = new KubernetesLease({
    ...settings,
    logger: (level, message, fields) => logLines.push({ level, message, fields })
  })
  lease.onLost((reason, lost) => losses.push({ reason, lost, atMillis: Date.now() }))
  return { lease, losses, logLines }
}

/** Gives what a promise rejects with, and fails if it does not. */
export const rejection = <A>(call: () => Promise<A>): Effect.Effect<unknown, A> =>
  Effect.flip(Effect.tryPromise({ try: call, catch: (error) => error }))

export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "kubernetes-lease-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

/** F14: a holder that renews every second goes on with its term after its token has been rotated. */
export const assertRenewsPastRevocation = Effect.fnUntraced(function*<E1, E2>(
  { namespace, readLease, rotate }: {
    readonly namespace: string
    readonly readLease: Effect.Effect<Lease, E1>
    /** Puts another token in the place of the holder's, and revokes that. */
    readonly rotate: Effect.Effect<void, E2>
  }
) {
  const plane = yield* ControlPlane
  const { spec: acquired } = yield* readLease
  yield* rotate

  // A term that went on with the old token would not get its renewals through any more.
  const { spec: atRevocation } = yield* readLease
  const { spec } = yield* eventually(
    readLease,
    ({ spec: { renewTime } }) => Date.parse(renewTime) - Date.parse(atRevocation.renewTime) > 3000
  )
  assert.deepStrictEqual(spec, { ...acquired, renewTime: spec.renewTime })

  if (Option.isSome(plane.local)) {
    const requests = yield* plane.local.value.leaseRequests(namespace)
    const codes = requests.filter(({ verb }) => verb === "patch").map(({ code }) => code)
    assert.deepStrictEqual(codes.filter((code) => code !== 200), [401])
    assert.strictEqual(codes[codes.indexOf(401) + 1], 200)
  }
})

/** C5, F30: however these are printed, no part of the token is seen that would be of use. */
export const assertHides = (token: string, ...printed: ReadonlyArray<unknown>) => {
  const signature = token.slice(-20)
  for (const value of printed) {
    const asError = value instanceof Error ? `${value.message}\n${value.stack}` : ""
    for (
      const text of [
        inspect(value, { depth: Infinity, showHidden: true }),
        inspect(value, { depth: Infinity, customInspect: false }),
        JSON.stringify(value),
        String(value),
        asError
      ]
    ) {
      assert.notInclude(text, signature)
    }
  }
}

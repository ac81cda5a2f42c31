import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { rootCertificates } from "node:tls"
import * as KubeApi from "../../src/KubeApi.js"
import * as KubeCredentials from "../../src/KubeCredentials.js"
import { Forbidden, Transient, Unauthorized } from "../../src/KubeError.js"
import * as LeaseService from "../../src/LeaseService.js"
import { FencingTokenOrder } from "../../src/LeaseTerm.js"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import * as TestNamespace from "./TestNamespace.js"
import { assertHides } from "./TestNamespace.js"

type Test = Effect.Effect<void, unknown, ControlPlane | Scope.Scope>

layer(ControlPlanes.layer, { excludeTestServices: true, timeout: "60 seconds" })("LeaseService", (it) => {
  // Most of these tests wait most of the time: they wait together.
  const concurrently = (title: string, test: () => Test) =>
    it.scoped(title, () => Effect.provide(test(), Logger.remove(Logger.defaultLogger)), { concurrent: true })

  concurrently(
    "X2 a term is in the record while its scope is open, and the Lease is removed when it closes",
    () =>
      Effect.gen(function*() {
        const { describeLease, ref, service } = yield* setup()
        const { holder, held, tryAcquire } = yield* service()
        const scope = yield* Scope.make()

        const lease = yield* tryAcquire({ ...ref, owner: "a", ttl: "3 seconds" }).pipe(
          Effect.flatten,
          Scope.extend(scope)
        )

        const { metadata, spec } = yield* describeLease
        assert.strictEqual(spec.holderIdentity, "a")
        assert.strictEqual(spec.leaseDurationSeconds, 3)
        assert.strictEqual(metadata.resourceVersion, lease.token)
        assert.isTrue(yield* lease.isHeld)
        yield* lease.verify
        assert.deepStrictEqual((yield* held).map(({ token }) => token), [lease.token])
        assert.deepStrictEqual(Option.map(yield* holder(ref), ({ owner }) => owner), Option.some("a"))

        yield* Scope.close(scope, Exit.void)

        assert.include((yield* Effect.flip(describeLease)).message, "not found")
        assert.isFalse(yield* lease.isHeld)
        assert.deepStrictEqual(yield* holder(ref), Option.none())
      })
  )

  concurrently(
    "of two services that race for a lease exactly one gets a term, with a larger token each time",
    () =>
      Effect.gen(function*() {
        const { ref, service } = yield* setup()
        const services = yield* Effect.all([service(), service()])
        let last = Option.none<LeaseService.HeldLease["token"]>()
        for (let round = 0; round < 10; round++) {
          const terms = yield* Effect.scoped(Effect.all(
            services.map(({ tryAcquire }, index) => tryAcquire({ ...ref, owner: `owner-${index}`, ttl: "3 seconds" })),
            { concurrency: "unbounded" }
          ))
          const tokens = terms.flatMap((term) => Option.toArray(Option.map(term, ({ token }) => token)))
          assert.strictEqual(tokens.length, 1)
          const [token] = tokens
          assert.isTrue(Option.isNone(last) || (token !== undefined && FencingTokenOrder(last.value, token) < 0))
          last = Option.fromNullable(token)
        }
      })
  )

  concurrently("F14 a token that is revoked mid-term and replaced on disk costs no term", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const { namespace, readLease, ref, service, serviceAccount, makeToken } = yield* setup()
      const folder = yield* TestNamespace.temporaryFolder
      const tokenPath = join(folder, "token")
      const caCertPath = join(folder, "ca.crt")
      const revoked = yield* plane.makeRevocableToken(namespace, serviceAccount)
      const replacement = yield* makeToken
      writeFileSync(tokenPath, revoked.token)
      writeFileSync(caCertPath, plane.caCert ?? "")
      const { tryAcquire } = yield* service(KubeCredentials.layerFiles({
        baseUrl: plane.baseUrl,
        tokenPath,
        caCertPath: plane.caCert === undefined ? undefined : caCertPath
      }))
      const lease = yield* Effect.flatten(
        tryAcquire({ ...ref, owner: "a", ttl: "30 seconds", renewalInterval: "1 second" })
      )
      yield* TestNamespace.assertRenewsPastRevocation({
        namespace,
        readLease,
        rotate: Effect.zipRight(Effect.sync(() => writeFileSync(tokenPath, replacement)), revoked.revoke)
      })
      yield* lease.ensureHeld
      yield* lease.verify
    }))

  concurrently("F18 a Lease that is deleted mid-term fails `lost` with the reason", () =>
    Effect.gen(function*() {
      const { kubectl, ref, service } = yield* setup()
      const { held, tryAcquire } = yield* service()
      const lease = yield* Effect.flatten(
        tryAcquire({ ...ref, owner: "a", ttl: "30 seconds", renewalInterval: "400 millis" })
      )

      yield* kubectl("delete", "lease", ref.name)

      const lost = yield* Effect.flip(lease.lost)
      assert.strictEqual(lost.reason._tag, "Deleted")
      assert.strictEqual(yield* Effect.flip(lease.ensureHeld), lost)
      assert.deepStrictEqual(yield* held, [])
    }))

  concurrently(
    "F23 missing rights, a wrong token and a wrong CA each fail with their own error, which hides the token",
    () =>
      Effect.gen(function*() {
        const { baseUrl, caCert } = yield* ControlPlane
        const { namespace, ref, service, serviceAccount, token } = yield* setup([])
        const failsWith = Effect.fnUntraced(function*(bearer: string, trusted: string | undefined) {
          const { tryAcquire } = yield* service(
            KubeCredentials.layer({ baseUrl, caCert: trusted, token: Redacted.make(bearer) })
          )
          const error = yield* Effect.flip(tryAcquire({ ...ref, owner: "a", ttl: "3 seconds" }))
          assertHides(bearer, error)
          return error
        })

        const forbidden = yield* failsWith(token, caCert)
        assert.instanceOf(forbidden, Forbidden)
        assert.strictEqual(forbidden.status, 403)
        assert.include(forbidden.message, `User "system:serviceaccount:${namespace}:${serviceAccount}" cannot get`)

        const wrongToken = yield* failsWith(randomUUID(), caCert)
        assert.instanceOf(wrongToken, Unauthorized)

        const wrongCa = yield* failsWith(token, rootCertificates[0])
        assert.instanceOf(wrongCa, Transient)
        assert.strictEqual(wrongCa.kind, "Tls")
      })
  )
})

type Credentials = ReturnType<typeof KubeCredentials.layer>

/** A namespace, and services on it, each on connections of its own as in a process of its own. */
const setup = Effect.fnUntraced(function*(verbs?: ReadonlyArray<string>) {
  const { baseUrl, caCert } = yield* ControlPlane
  const namespace = yield* TestNamespace.make(verbs)
  const own = KubeCredentials.layer({ baseUrl, caCert, token: Redacted.make(namespace.token) })

  const service = (credentials: Credentials = own) =>
    LeaseService.layer.pipe(
      Layer.provide(KubeApi.layer),
      Layer.provide(credentials),
      Layer.fresh,
      Layer.build,
      Effect.map(Context.get(LeaseService.LeaseService))
    )

  return { ...namespace, ref: { namespace: namespace.namespace, name: TestNamespace.leaseName }, service }
})

import { assert, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { actorTsNamespace, assertActorTsPageRuns } from "../support/actorTsPage.js"
import { copyInto, installPackage } from "../support/installedPackage.js"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import * as NodeProgram from "./NodeProgram.js"
import * as Rbac from "./Rbac.js"
import * as TestNamespace from "./TestNamespace.js"

layer(ControlPlanes.layer, { excludeTestServices: true, timeout: "60 seconds" })("the package", (it) => {
  it.scoped("F24 a plain JavaScript file acquires, renews and releases with it, and its process ends by itself", () =>
    Effect.gen(function*() {
      const { readLease, settings } = yield* TestNamespace.make()
      const file = yield* installed
      // The timers of such a term would keep the process for half a second and more.
      const program = yield* NodeProgram.start(
        file,
        settings({ owner: "user", ttlMs: 30_000, renewalIntervalMs: 2500 })
      )

      assert.strictEqual(yield* program.nextLine, "acquired")
      assert.strictEqual((yield* readLease).spec.holderIdentity, "user")
      assert.strictEqual(yield* program.nextLine, "renewed")
      assert.strictEqual(yield* program.nextLine, "released")
      const [took, end] = yield* Effect.timed(program.ended)
      assert.deepStrictEqual(end, { code: 0, signal: null, stderr: "" })
      assert.isBelow(Duration.toMillis(took), promptMillis)
    }))

  it.scoped("F24 the process of one that does not get the lease ends by itself", () =>
    Effect.gen(function*() {
      const { makeLease, settings } = yield* TestNamespace.make()
      const { lease } = yield* makeLease({ owner: "holder", ttlMs: 30_000 })
      assert.isTrue(yield* Effect.promise(() => lease.acquire()))
      const program = yield* NodeProgram.start(yield* installed, settings({ owner: "user", ttlMs: 30_000 }))

      assert.strictEqual(yield* program.nextLine, "somebody else holds it")
      const [took, end] = yield* Effect.timed(program.ended)
      assert.deepStrictEqual(end, { code: 0, signal: null, stderr: "" })
      assert.isBelow(Duration.toMillis(took), promptMillis)
    }))

  // The page's address is localhost, and its namespace has a name that may be taken elsewhere.
  it.scoped.skipIf(!ControlPlanes.isLocal)(
    "F24 the settings and calls of actor-ts's documentation work unchanged with the rights of rbac/",
    () =>
      Effect.gen(function*() {
        const { baseUrl, caCert, kubectl } = yield* ControlPlane
        yield* kubectl(["create", "namespace", actorTsNamespace])
        const token = yield* Rbac.apply(Rbac.folder, actorTsNamespace)
        yield* Effect.promise(() => assertActorTsPageRuns({ baseUrl, caCert, token }))
        const leases = yield* kubectl(["get", "leases", "-n", actorTsNamespace, "-o", "name"])
        assert.strictEqual(leases, "", "what it has released is gone")
      })
  )
})

/** Above what a process takes to end on a busy machine, below what a forgotten timer would keep it for. */
const promptMillis = 400

const installed = Effect.gen(function*() {
  const folder = yield* TestNamespace.temporaryFolder
  installPackage(folder)
  return copyInto(folder, new URL("fixtures/use.mjs", import.meta.url))
})

import { assert, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Command from "./Command.js"
import * as ControlPlanes from "./ControlPlane.js"
import * as NodeProgram from "./NodeProgram.js"
import * as TestNamespace from "./TestNamespace.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

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
})

/** Above what a process takes to end on a busy machine, below what a forgotten timer would keep it for. */
const promptMillis = 400

/** A file in a folder where the package is installed as npm packs it, beside its peers. */
const installed = Effect.gen(function*() {
  const folder = yield* TestNamespace.temporaryFolder
  const packages = join(folder, "node_modules")
  const unpacked = join(packages, "kubernetes-lease")
  mkdirSync(unpacked, { recursive: true })
  mkdirSync(join(packages, "@effect"))
  const packed = yield* Command.run("npm", [
    "pack",
    root,
    "--pack-destination",
    folder,
    "--ignore-scripts",
    "--offline"
  ])
  const tarball = join(folder, packed.trim().split("\n").at(-1) ?? "")
  yield* Command.run("tar", ["-xzf", tarball, "-C", unpacked, "--strip-components=1"])
  for (const peer of ["effect", "@effect/platform"]) {
    symlinkSync(join(root, "node_modules", peer), join(packages, peer))
  }
  const file = join(folder, "use.mjs")
  copyFileSync(fileURLToPath(new URL("fixtures/use.mjs", import.meta.url)), file)
  return file
})

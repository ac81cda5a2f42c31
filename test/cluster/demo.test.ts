import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Kubeconfig from "../support/Kubeconfig.js"
import * as Command from "./Command.js"
import { ControlPlane, layer as controlPlane } from "./ControlPlane.js"
import * as TestNamespace from "./TestNamespace.js"

const start = fileURLToPath(new URL("../demo/start.mjs", import.meta.url))

layer(controlPlane, { excludeTestServices: true, timeout: "60 seconds" })("npm start -- --kubeconfig", (it) => {
  it.scoped(
    "tells the story on a real API server, outages included, and leaves nothing behind",
    () =>
      Effect.gen(function*() {
        const plane = yield* ControlPlane
        const { kubectl, namespace, token } = yield* TestNamespace.make()
        const file = join(yield* TestNamespace.temporaryFolder, "kubeconfig")
        const config = Kubeconfig.make({ server: plane.baseUrl, caCert: plane.caCert, token })
        yield* Effect.promise(() => writeFile(file, config, { mode: 0o600 }))

        const told = yield* Command.run(process.execPath, [start, "--kubeconfig", file, "--namespace", namespace])

        assert.match(told, /two holders at one instant +never/)
        assert.match(told, /outage survived by the holder +\d/)
        assert.match(told, /cut off: onLost → next holder +\d/)
        assert.notInclude(told, token.slice(-20))
        assert.strictEqual(yield* kubectl("get", "leases", "-o", "name"), "")
      }),
    { timeout: 180_000 }
  )
})

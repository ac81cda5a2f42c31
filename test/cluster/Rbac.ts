import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { ControlPlane } from "./ControlPlane.js"
import { eventually } from "./eventually.js"
import { temporaryFolder } from "./TestNamespace.js"

/** The folder that the package ships. */
export const folder = fileURLToPath(new URL("../../rbac", import.meta.url))

export const serviceAccount = "kubernetes-lease"

/** Whether the bearer of a token has a right in a namespace. */
export const mayI = Effect.fnUntraced(function*(namespace: string, token: string, verb: string, resource: string) {
  const { kubectl } = yield* ControlPlane
  return yield* kubectl(["auth", "can-i", verb, resource, "-n", namespace], { token }).pipe(
    Effect.as(true),
    Effect.catchIf((error) => error.stdout.trim() === "no", () => Effect.succeed(false))
  )
})

/**
 * Applies a kustomize folder to a namespace, from a kustomization as a user's, and gives a token of its ServiceAccount
 * once that has its rights.
 */
export const apply = Effect.fnUntraced(function*(kustomizeFolder: string, namespace: string) {
  const plane = yield* ControlPlane
  const overlay = yield* temporaryFolder
  // `bases` rather than `resources`, which kubectl 1.20 does not take for folders.
  const kustomization = { namespace, bases: [relative(overlay, kustomizeFolder)] }
  writeFileSync(join(overlay, "kustomization.yaml"), JSON.stringify(kustomization))
  yield* plane.kubectl(["apply", "-k", overlay])
  const token = yield* plane.makeToken(namespace, serviceAccount)
  // The authorizer learns of roles and bindings by watching them.
  yield* eventually(mayI(namespace, token, "create", "leases.coordination.k8s.io"), (yes) => yes)
  return token
})

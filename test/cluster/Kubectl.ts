import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Kubeconfig from "../support/Kubeconfig.js"
import type { CommandError } from "./Command.js"
import * as Command from "./Command.js"

export interface Options {
  readonly stdin?: string | undefined
  /** Act as the bearer of this token, instead of as the administrator. */
  readonly token?: string | undefined
}

export interface Kubectl {
  readonly cluster: Kubeconfig.Cluster
  readonly run: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<string, CommandError>
  /** POSTs an object to a path, as the administrator, and answers with the server's answer. */
  readonly post: (path: string, body: object) => Effect.Effect<unknown, CommandError>
}

export const make = Effect.fnUntraced(function*(options: {
  readonly program: string
  readonly kubeconfig: string
  /** For the discovery cache and for the kubeconfigs of token bearers. */
  readonly folder: string
}) {
  const invoke = (kubeconfig: string, args: ReadonlyArray<string>, stdin?: string) =>
    Command.run(
      options.program,
      ["--request-timeout=30s", `--cache-dir=${join(options.folder, "kubectl-cache")}`, ...args],
      { stdin, env: { ...process.env, KUBECONFIG: kubeconfig } }
    )

  const cluster = yield* invoke(options.kubeconfig, ["config", "view", "--raw", "--minify", "--flatten", "-o", "json"])
    .pipe(Effect.flatMap((view) => Effect.orDie(Kubeconfig.decodeView(view))))

  // A kubeconfig of its own: `--token` beside an administrator's client certificate would leave the certificate to win.
  const bearerKubeconfig = (token: string) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const file = join(options.folder, `${randomUUID()}.kubeconfig`)
        writeFileSync(file, Kubeconfig.make({ ...cluster, token }), { mode: 0o600 })
        return file
      }),
      (file) => Effect.sync(() => rmSync(file, { force: true }))
    )

  const run: Kubectl["run"] = (args, { stdin, token } = {}) =>
    token === undefined
      ? invoke(options.kubeconfig, args, stdin)
      : Effect.scoped(Effect.flatMap(bearerKubeconfig(token), (kubeconfig) => invoke(kubeconfig, args, stdin)))

  const post: Kubectl["post"] = (path, body) =>
    Effect.map(
      run(["create", "--raw", path, "-f", "-"], { stdin: JSON.stringify(body) }),
      (answer): unknown => JSON.parse(answer)
    )

  return { cluster, run, post } satisfies Kubectl
})

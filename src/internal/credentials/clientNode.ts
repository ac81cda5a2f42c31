import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs/promises"
import { createRequire } from "node:module"
import { CredentialsError } from "../../KubeError.js"

/** The part of @kubernetes/client-node that is used here, the same in its versions 1 and 2. */
export interface ClientNode {
  readonly loadYaml: ParseYaml
  readonly KubeConfig: new() => {
    loadFromOptions(options: object): void
    applyToHTTPSOptions(options: { readonly headers: object }): Promise<void>
  }
}

export type ParseYaml = (text: string) => unknown

const packageName = "@kubernetes/client-node"

/** Version 2 comes with a version of undici that asks for this. */
const oldestNodeFor2 = [22, 19] as const

/** Whoever uses no kubeconfig need not have it. */
export const clientNode: Effect.Effect<ClientNode, CredentialsError> = Effect.gen(function*() {
  const version = yield* Effect.orElseSucceed(installedVersion, () => undefined)
  const tooOld = version === undefined ? undefined : whyNotOn(version, process.versions)
  if (tooOld !== undefined) {
    return yield* new CredentialsError({ message: tooOld })
  }
  return yield* Effect.tryPromise({
    try: (): Promise<ClientNode> => import("@kubernetes/client-node"),
    catch: (error) =>
      new CredentialsError({
        message: isMissing(error)
          ? `A kubeconfig is read by the package ${packageName}: install it beside this one.`
          : `The package ${packageName}, which reads kubeconfigs, cannot be loaded on Node ${process.versions.node}: ${
            error instanceof Error ? error.message : String(error)
          }`
      })
  })
})

/**
 * The parser that the package brings along. The package itself has thousands of modules, which stop this process for
 * seconds while they load; it is asked only where its parser cannot be found, as in a bundle.
 */
export const parseYaml: Effect.Effect<ParseYaml, CredentialsError> = Effect.try((): ParseYaml => {
  const { load } = createRequire(packageFile())("js-yaml") as { readonly load: ParseYaml }
  return (text) => load(text)
}).pipe(
  Effect.orElse(() => Effect.map(clientNode, ({ loadYaml }): ParseYaml => (text) => loadYaml(text)))
)

/**
 * Asked before it is loaded: on a Node that is too old, loading version 2 does not only fail, it also throws where nobody
 * can catch it, which ends the process.
 */
export const whyNotOn = (
  version: string,
  { bun, deno, node }: { readonly [runtime: string]: string | undefined }
): string | undefined => {
  const [major = 0, minor = 0] = (node ?? "").split(".").map(Number)
  const [oldestMajor, oldestMinor] = oldestNodeFor2
  const isTooOld = major < oldestMajor || (major === oldestMajor && minor < oldestMinor)
  return Number.parseInt(version, 10) < 2 || bun !== undefined || deno !== undefined || !isTooOld
    ? undefined
    : `${packageName} ${version} needs Node ${oldestMajor}.${oldestMinor} or later, and this is Node ${node}: ` +
      `update Node, or install ${packageName} in its version 1.`
}

const packageFile = (): string => createRequire(import.meta.url).resolve(`${packageName}/package.json`)

const installedVersion: Effect.Effect<string | undefined, unknown> = Effect.tryPromise(async () => {
  const content: unknown = JSON.parse(await NodeFs.readFile(packageFile(), "utf8"))
  return typeof content === "object" && content !== null && "version" in content ? String(content.version) : undefined
})

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND" &&
  error.message.includes(`'${packageName}'`)

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs/promises"
import { homedir } from "node:os"
import * as NodePath from "node:path"
import { CredentialsError } from "../../KubeError.js"
import type { ParseYaml } from "./clientNode.js"
import { parseYaml } from "./clientNode.js"
import type { Cluster, Context, User } from "./kubeconfigSchema.js"
import { Kubeconfig } from "./kubeconfigSchema.js"
import type { KubeconfigOptions } from "./kubeCredentials.js"

/** What the context in force says; every path in it is absolute. */
export interface View {
  readonly cluster: Cluster & { readonly name: string; readonly server: string }
  readonly user: User & { readonly name: string | undefined }
}

/** Where to look, and whether what is missing there is passed over. */
export interface Locations {
  readonly files: ReadonlyArray<string>
  readonly mayBeMissing: boolean
  /** As a message calls them all. */
  readonly title: string
}

/** As kubectl looks for them. */
export const locationsOf = (
  { path }: KubeconfigOptions,
  env: { readonly [name: string]: string | undefined }
): Locations => {
  if (path !== undefined) {
    return { files: [path], mayBeMissing: false, title: path }
  }
  const listed = (env["KUBECONFIG"] ?? "").split(NodePath.delimiter).filter((file) => file !== "")
  return listed.length > 0
    ? { files: [...new Set(listed)], mayBeMissing: true, title: `of $KUBECONFIG (${listed.join(", ")})` }
    : {
      files: [NodePath.join(env["HOME"] || homedir(), ".kube", "config")],
      mayBeMissing: true,
      title: "of $KUBECONFIG or ~/.kube/config"
    }
}

/** The context in force, or nothing where there is no file at all. */
export const viewOf = (
  options: KubeconfigOptions,
  locations: Locations
): Effect.Effect<View | undefined, CredentialsError> =>
  Effect.gen(function*() {
    const parse = yield* parseYaml
    const files = yield* Effect.forEach(locations.files, (path) => fileAt(path, parse, locations.mayBeMissing))
    const merged = merge(files.filter((file) => file !== undefined))
    return merged === undefined
      ? undefined
      : yield* Either.mapLeft(select(merged, options.context), (what) => kubeconfigError(locations, what))
  })

export const kubeconfigError = ({ files, title }: Locations, what: string): CredentialsError =>
  new CredentialsError({
    path: files.length === 1 ? files[0] : undefined,
    message: `The kubeconfig ${title} ${what}`
  })

interface File {
  readonly currentContext: string | undefined
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly users: ReadonlyMap<string, User>
  readonly contexts: ReadonlyMap<string, Context>
}

const fileAt = (
  path: string,
  parse: ParseYaml,
  mayBeMissing: boolean
): Effect.Effect<File | undefined, CredentialsError> =>
  Effect.gen(function*() {
    const failed = (what: string) => new CredentialsError({ path, message: `The kubeconfig ${path} ${what}` })
    const text = yield* Effect.tryPromise({
      try: (signal) => NodeFs.readFile(path, { encoding: "utf8", signal }),
      catch: (error) => error
    }).pipe(
      Effect.catchIf((error) => mayBeMissing && isMissing(error), () => Effect.succeed(undefined)),
      Effect.mapError((error) => failed(`cannot be read: ${error instanceof Error ? error.message : String(error)}`))
    )
    if (text === undefined) {
      return undefined
    }
    const content = yield* Effect.try({
      try: () => isEmpty(text) ? {} : parse(text),
      catch: (error) => failed(`cannot be read: it is no YAML${lineOf(error)}`)
    })
    const config = yield* Either.mapLeft(
      Schema.decodeUnknownEither(Kubeconfig, { errors: "all" })(content),
      (error) => failed(`cannot be read: ${faultsOf(error)}`)
    )
    return yield* Either.mapLeft(fileOf(config, NodePath.dirname(NodePath.resolve(path))), failed)
  })

/** The library takes it for a fault; kubectl for a file that says nothing. */
const isEmpty = (text: string): boolean => text.split("\n").every((line) => /^(---)?\s*(#.*)?$/.test(line))

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")

/** A parser's message quotes the file, and with it perhaps a token (C5). */
const lineOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "mark" in error && typeof error.mark === "object" &&
    error.mark !== null && "line" in error.mark && typeof error.mark.line === "number"
    ? `, see line ${error.mark.line + 1}`
    : ""

/** Of a schema's message only the place is told: it quotes what stands there (C5). */
const faultsOf = (error: ParseResult.ParseError): string =>
  ParseResult.ArrayFormatter.formatErrorSync(error)
    .map(({ path }) =>
      path.length === 0 ? "it holds no mapping" : `${path.map(String).join(".")} is missing or of a wrong kind`
    )
    .join("; ")

const fileOf = (config: Kubeconfig, folder: string): Either.Either<File, string> =>
  Either.all({
    currentContext: Either.right(given(config["current-context"])),
    clusters: byName("cluster", (config.clusters ?? []).map(({ cluster, name }) => [name, clusterIn(folder, cluster)])),
    users: byName("user", (config.users ?? []).map(({ name, user }) => [name, userIn(folder, user)])),
    contexts: byName("context", (config.contexts ?? []).map(({ context, name }) => [name, context ?? {}]))
  })

const byName = <A>(
  kind: string,
  entries: ReadonlyArray<readonly [name: string, entry: A]>
): Either.Either<ReadonlyMap<string, A>, string> => {
  const names = entries.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  return twice === undefined ? Either.right(new Map(entries)) : Either.left(`names the ${kind} ${quoted(twice)} twice`)
}

const clusterIn = (folder: string, cluster: Cluster | null | undefined): Cluster => ({
  ...cluster,
  "certificate-authority": pathIn(folder, cluster?.["certificate-authority"])
})

const userIn = (folder: string, user: User | null | undefined): User => ({
  ...user,
  "client-certificate": pathIn(folder, user?.["client-certificate"]),
  "client-key": pathIn(folder, user?.["client-key"]),
  tokenFile: pathIn(folder, user?.tokenFile),
  exec: user?.exec === null || user?.exec === undefined ? undefined : {
    ...user.exec,
    // A bare name is looked for in PATH.
    command: user.exec.command.includes("/") || user.exec.command.includes(NodePath.sep)
      ? NodePath.resolve(folder, user.exec.command)
      : user.exec.command
  }
})

const pathIn = (folder: string, path: string | null | undefined): string | undefined =>
  given(path) === undefined ? undefined : NodePath.resolve(folder, path ?? "")

/** The first file to name an entry or a current context decides on the whole of it. */
const merge = (files: ReadonlyArray<File>): File | undefined =>
  files.reduceRight<File | undefined>(
    (later, file) => ({
      currentContext: file.currentContext ?? later?.currentContext,
      clusters: new Map([...later?.clusters ?? [], ...file.clusters]),
      users: new Map([...later?.users ?? [], ...file.users]),
      contexts: new Map([...later?.contexts ?? [], ...file.contexts])
    }),
    undefined
  )

const select = (file: File, chosen: string | undefined): Either.Either<View, string> => {
  const name = chosen ?? file.currentContext
  if (name === undefined) {
    return Either.left(`has no current context; it has ${listOf(file.contexts)}`)
  }
  const context = file.contexts.get(name)
  if (context === undefined) {
    return Either.left(`has no context ${quoted(name)}; it has ${listOf(file.contexts)}`)
  }
  const clusterName = given(context.cluster)
  const cluster = clusterName === undefined ? undefined : file.clusters.get(clusterName)
  const server = given(cluster?.server)
  if (clusterName === undefined || cluster === undefined || server === undefined) {
    return Either.left(
      cluster === undefined
        ? `has no cluster for context ${quoted(name)}`
        : `has no server for cluster ${quoted(clusterName ?? "")}`
    )
  }
  const userName = given(context.user)
  const user = userName === undefined ? {} : file.users.get(userName)
  return user === undefined
    ? Either.left(`has no user ${quoted(userName ?? "")}, which context ${quoted(name)} names`)
    : Either.right({ cluster: { ...cluster, name: clusterName, server }, user: { ...user, name: userName } })
}

/** Absent, `null` and empty are one. */
export const given = <A>(value: A | null | undefined): A | undefined =>
  value === null || value === undefined || value === "" ? undefined : value

const listOf = (contexts: ReadonlyMap<string, unknown>): string =>
  contexts.size === 0 ? "none" : [...contexts.keys()].map(quoted).join(", ")

const quoted = (name: string): string => JSON.stringify(name)

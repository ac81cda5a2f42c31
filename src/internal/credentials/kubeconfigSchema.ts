import * as Schema from "effect/Schema"

/** Absent, `null` and empty are one to kubectl. */
const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const text = optional(Schema.String)
const flag = optional(Schema.Boolean)

const list = <A, I>(schema: Schema.Schema<A, I>) => optional(Schema.Array(schema))

const Cluster = Schema.Struct({
  server: text,
  "tls-server-name": text,
  "insecure-skip-tls-verify": flag,
  "certificate-authority": text,
  "certificate-authority-data": text,
  "proxy-url": text,
  "disable-compression": flag,
  extensions: list(Schema.Struct({ name: Schema.String, extension: Schema.Unknown }))
})

const Exec = Schema.Struct({
  apiVersion: Schema.String,
  command: Schema.String,
  args: list(Schema.String),
  env: list(Schema.Struct({ name: Schema.String, value: text })),
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: text
})

const AuthProvider = Schema.Struct({
  name: Schema.String,
  config: optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})

const User = Schema.Struct({
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  token: text,
  tokenFile: text,
  as: text,
  "as-uid": text,
  "as-groups": list(Schema.String),
  "as-user-extra": optional(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  username: text,
  password: text,
  "auth-provider": optional(AuthProvider),
  exec: optional(Exec)
})

const Context = Schema.Struct({ cluster: text, user: text })

/** One file, as far as it says how a server is reached. */
export const Kubeconfig = Schema.Struct({
  "current-context": text,
  clusters: list(Schema.Struct({ name: Schema.String, cluster: optional(Cluster) })),
  users: list(Schema.Struct({ name: Schema.String, user: optional(User) })),
  contexts: list(Schema.Struct({ name: Schema.String, context: optional(Context) }))
})

export interface Kubeconfig extends Schema.Schema.Type<typeof Kubeconfig> {}
export interface Cluster extends Schema.Schema.Type<typeof Cluster> {}
export interface User extends Schema.Schema.Type<typeof User> {}
export interface Context extends Schema.Schema.Type<typeof Context> {}
export interface Exec extends Schema.Schema.Type<typeof Exec> {}
export interface AuthProvider extends Schema.Schema.Type<typeof AuthProvider> {}

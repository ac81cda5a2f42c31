import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"

export interface Cluster {
  readonly server: string
  /** PEM; absent where the server's certificate is publicly trusted. */
  readonly caCert: string | undefined
}

/** The text of a kubeconfig that talks to `cluster` with a bearer token. JSON, which is YAML too. */
export const make = (options: Cluster & { readonly token: string }): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{
      name: "test",
      cluster: {
        server: options.server,
        ...(options.caCert === undefined
          ? {}
          : { "certificate-authority-data": Buffer.from(options.caCert).toString("base64") })
      }
    }],
    users: [{ name: "test", user: { token: options.token } }]
  })

const View = Schema.parseJson(Schema.Struct({
  clusters: Schema.NonEmptyArray(Schema.Struct({
    cluster: Schema.Struct({
      server: Schema.String,
      "certificate-authority-data": Schema.optional(Schema.StringFromBase64)
    })
  }))
}))

/** The cluster in the output of `kubectl config view --raw --minify --flatten -o json`. */
export const decodeView = (view: string): Effect.Effect<Cluster, ParseError> =>
  Effect.map(Schema.decode(View)(view), ({ clusters: [{ cluster }] }) => ({
    server: cluster.server.replace(/\/+$/, ""),
    caCert: cluster["certificate-authority-data"]
  }))

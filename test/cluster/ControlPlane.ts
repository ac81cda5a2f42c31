import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import * as ApiRequest from "./ApiRequest.js"
import type { CommandError } from "./Command.js"
import { eventually } from "./eventually.js"
import * as Kubectl from "./Kubectl.js"
import * as LocalControlPlane from "./LocalControlPlane.js"
import * as ServerFolder from "./ServerFolder.js"
import type { ServerNotReady } from "./ServerReady.js"

/** What a ServiceAccount may do with leases; without `resourceNames`, with all leases of its namespace. */
export interface LeaseRule {
  readonly verbs: ReadonlyArray<string>
  readonly resourceNames?: ReadonlyArray<string> | undefined
}

export interface RevocableToken {
  readonly token: string
  /** Returns when the server refuses the token, about ten seconds later: so long it remembers a token it has accepted. */
  readonly revoke: Effect.Effect<void, CommandError | ApiRequest.ApiRequestError>
}

/** A real Kubernetes API server for tests. Everything here takes real time: use it with the live clock. */
export class ControlPlane extends Context.Tag("kubernetes-lease/test/ControlPlane")<ControlPlane, {
  readonly baseUrl: string
  /** PEM; absent where the server's certificate is publicly trusted. */
  readonly caCert: string | undefined
  /** Runs kubectl, as the administrator unless a token is given, and answers with its stdout. */
  readonly kubectl: Kubectl.Kubectl["run"]
  /** One plain HTTPS request, whatever its status. */
  readonly request: (
    request: ApiRequest.ApiRequest
  ) => Effect.Effect<ApiRequest.ApiAnswer, ApiRequest.ApiRequestError>
  /** A namespace of the test's own. */
  readonly makeNamespace: Effect.Effect<string, CommandError, Scope.Scope>
  /** A ServiceAccount with just these rights, which are in force when it returns. */
  readonly makeServiceAccount: (
    namespace: string,
    rules: ReadonlyArray<LeaseRule>
  ) => Effect.Effect<string, CommandError>
  /** Kubernetes gives no token a life of less than ten minutes. */
  readonly makeToken: (
    namespace: string,
    serviceAccount: string,
    options?: { readonly expirationSeconds?: number | undefined; readonly boundSecret?: string | undefined }
  ) => Effect.Effect<string, CommandError>
  readonly makeRevocableToken: (
    namespace: string,
    serviceAccount: string
  ) => Effect.Effect<RevocableToken, CommandError>
  /** What only a control plane of the test's own allows. */
  readonly local: Option.Option<LocalControlPlane.LocalControlPlane>
}>() {}

export class NoControlPlane extends Data.TaggedError("NoControlPlane")<{ readonly message: string }> {}

const make = Effect.fnUntraced(function*(source: {
  readonly kubectl: string
  readonly kubeconfig: string
  readonly folder: string
  readonly local: Option.Option<LocalControlPlane.LocalControlPlane>
}) {
  const kubectl = yield* Kubectl.make({
    program: source.kubectl,
    kubeconfig: source.kubeconfig,
    folder: source.folder
  })

  const send = (request: ApiRequest.ApiRequest) => ApiRequest.send(kubectl.cluster, request)

  const makeNamespace = Effect.acquireRelease(
    Effect.suspend(() => {
      const namespace = uniqueName()
      return Effect.as(kubectl.run(["create", "namespace", namespace]), namespace)
    }),
    (namespace) =>
      Option.isSome(source.local)
        ? Effect.void
        : Effect.ignoreLogged(kubectl.run(["delete", "namespace", namespace, "--wait=false"]))
  )

  const makeServiceAccount = Effect.fnUntraced(function*(namespace: string, rules: ReadonlyArray<LeaseRule>) {
    const name = uniqueName()
    const metadata = { name, namespace }
    const items = [
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata,
        rules: rules.map((rule) => ({ apiGroups: ["coordination.k8s.io"], resources: ["leases"], ...rule }))
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects: [{ kind: "ServiceAccount", name, namespace }]
      }
    ]
    yield* kubectl.run(["create", "-f", "-"], { stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items }) })
    // The authorizer learns of roles and bindings by watching them. It knows a role whole or not at all, so one of its
    // rules stands for the rest.
    const [rule] = rules
    if (rule !== undefined) {
      const review = kubectl.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: `system:serviceaccount:${namespace}:${name}`,
          resourceAttributes: {
            namespace,
            group: "coordination.k8s.io",
            resource: "leases",
            verb: rule.verbs[0],
            name: rule.resourceNames?.[0]
          }
        }
      }).pipe(Effect.flatMap((answer) => Effect.orDie(decodeAccessReview(answer))))
      yield* eventually(review, ({ status }) => status.allowed)
    }
    return name
  })

  const makeToken = Effect.fnUntraced(function*(
    namespace: string,
    serviceAccount: string,
    options: { readonly expirationSeconds?: number | undefined; readonly boundSecret?: string | undefined } = {}
  ) {
    const answer = yield* kubectl.post(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        expirationSeconds: options.expirationSeconds ?? 3600,
        ...(options.boundSecret === undefined
          ? {}
          : { boundObjectRef: { apiVersion: "v1", kind: "Secret", name: options.boundSecret } })
      }
    })
    return (yield* Effect.orDie(decodeTokenRequest(answer))).status.token
  })

  const makeRevocableToken = Effect.fnUntraced(function*(namespace: string, serviceAccount: string) {
    const secret = uniqueName()
    yield* kubectl.run(["create", "secret", "generic", secret, "-n", namespace])
    const token = yield* makeToken(namespace, serviceAccount, { boundSecret: secret })
    const revoke = Effect.zipRight(
      kubectl.run(["delete", "secret", secret, "-n", namespace]),
      eventually(send({ token, path: "/api" }), ({ status }) => status === 401)
    )
    return { token, revoke: Effect.asVoid(revoke) }
  })

  return ControlPlane.of({
    baseUrl: kubectl.cluster.server,
    caCert: kubectl.cluster.caCert,
    kubectl: kubectl.run,
    request: send,
    makeNamespace,
    makeServiceAccount,
    makeToken,
    makeRevocableToken,
    local: source.local
  })
})

/** A control plane of the test's own, from a folder with `etcd`, `kube-apiserver` and `kubectl`. */
export const layerLocal = (
  assets: string
): Layer.Layer<ControlPlane, CommandError | ServerNotReady> =>
  Layer.scoped(
    ControlPlane,
    Effect.gen(function*() {
      const local = yield* LocalControlPlane.start(assets)
      return yield* make({
        kubectl: join(assets, "kubectl"),
        kubeconfig: local.kubeconfig,
        folder: local.folder,
        local: Option.some(local)
      })
    })
  )

/** The cluster that the current context of a kubeconfig names. */
export const layerKubeconfig = (kubeconfig: string, kubectl = "kubectl"): Layer.Layer<ControlPlane, CommandError> =>
  Layer.scoped(
    ControlPlane,
    Effect.gen(function*() {
      const folder = yield* ServerFolder.make
      return yield* make({ kubectl, kubeconfig, folder, local: Option.none() })
    })
  )

/**
 * The control plane that the environment names: `KUBEBUILDER_ASSETS`, or else `KUBECONFIG`. In this order, because the
 * first harms nobody, and a shell often has the second set for another purpose.
 */
export const layer: Layer.Layer<
  ControlPlane,
  NoControlPlane | CommandError | ServerNotReady | ConfigError
> = Layer.unwrapEffect(Effect.gen(function*() {
  const assets = yield* Config.withDefault(Config.string("KUBEBUILDER_ASSETS"), "")
  const kubeconfig = yield* Config.withDefault(Config.string("KUBECONFIG"), "")
  if (assets !== "") {
    return layerLocal(assets)
  }
  if (kubeconfig !== "") {
    return layerKubeconfig(kubeconfig)
  }
  return yield* new NoControlPlane({ message: noControlPlane })
}))

/** Whether `layer` starts a control plane of the test's own: `it.skipIf(!isLocal)` for tests that need `local`. */
export const isLocal = Boolean(process.env["KUBEBUILDER_ASSETS"])

export const noControlPlane =
  "These tests need a Kubernetes API server: export KUBEBUILDER_ASSETS=\"$(bash test/cluster/install-control-plane.sh)\""
  + " (Debian), or KUBEBUILDER_ASSETS=\"$(setup-envtest use -p path)\", or KUBECONFIG=<file> for a cluster to use."

const uniqueName = () => `kubernetes-lease-${randomUUID().slice(0, 8)}`

const decodeAccessReview = Schema.decodeUnknown(
  Schema.Struct({ status: Schema.Struct({ allowed: Schema.Boolean }) })
)

const decodeTokenRequest = Schema.decodeUnknown(
  Schema.Struct({ status: Schema.Struct({ token: Schema.String }) })
)

import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { CredentialsError } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { LeaseRef } from "../../LeaseObject.js"
import { draftToJson, patchToJson } from "../../LeaseObject.js"
import type { KubeCall } from "../base/kubeCall.js"
import { anyLease, noLease, refOf } from "../base/refOf.js"
import { spanOptions } from "../base/spanOptions.js"
import type { Endpoint } from "../credentials/kubeCredentials.js"
import { KubeCredentials } from "../credentials/kubeCredentials.js"
import { isSameEndpoint } from "../credentials/sameEndpoint.js"
import { asTransient } from "./asTransient.js"
import { datedByDryRun, dryRunManager, dryRunPatch } from "./dryRun.js"
import { HttpsTransport } from "./httpsTransport.js"
import { readBody, readDeletion, readLease, readVersion, readWatch } from "./kubeAnswer.js"
import type { KubeApi } from "./kubeApi.js"
import { openAtMost } from "./openAtMost.js"
import { untilAnswered } from "./proxyWarning.js"
import { transportFailure } from "./transportFailure.js"

/** How long the server is asked to keep a watch open, so that a connection that died silently is noticed. */
const watchSeconds = 300
const watchGraceSeconds = 15

/** Over the transport of this library. */
export const overHttps: Effect.Effect<KubeApi["Type"], never, KubeCredentials | HttpsTransport> = Effect.gen(
  function*() {
    const { clientFor } = yield* HttpsTransport
    return make(yield* KubeCredentials, clientFor)
  }
)

/** Over any other `HttpClient`; one over `fetch` is told not to follow redirects (C6). */
export const overHttpClient: Effect.Effect<KubeApi["Type"], never, KubeCredentials | HttpClient.HttpClient> = Effect
  .gen(function*() {
    const client = untraced(HttpClient.transformResponse(yield* HttpClient.HttpClient, withoutRedirects))
    return make(yield* KubeCredentials, () => client)
  })

/** `KubeApi` over HTTP: what is sent where, and how an answer is read. */
const make = (
  credentials: KubeCredentials["Type"],
  clientFor: (endpoint: Endpoint) => HttpClient.HttpClient
): KubeApi["Type"] => {
  const noted = untilAnswered()

  const send = (call: KubeCall, request: RequestAt, endpoint: Endpoint) =>
    clientFor(endpoint).execute(
      HttpClientRequest.setHeaders(request(endpoint.baseUrl.replace(/\/+$/, "")), {
        accept: "application/json",
        ...(endpoint.token === undefined ? {} : { authorization: `Bearer ${Redacted.value(endpoint.token)}` }),
        "user-agent": "kubernetes-lease"
      })
    ).pipe(Effect.mapError((error) => transportFailure(call, error)), noted(endpoint.baseUrl))

  /** Others may have read them anew meanwhile. */
  const renewed = (refused: Endpoint): Effect.Effect<Endpoint, CredentialsError> =>
    Effect.flatMap(
      credentials.get,
      (present) => isSameEndpoint(present, refused) ? credentials.refresh : Effect.succeed(present)
    )

  /**
   * Refused, by a 401 or a failed TLS handshake: the credentials are read anew at once and the request is repeated once
   * (C2, R5).
   */
  const exchange = <A, E>(
    call: KubeCall,
    request: RequestAt,
    read: (call: KubeCall, response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | Transient | CredentialsError> => {
    const repeat = (endpoint: Endpoint) =>
      Effect.flatMap(send(call, request, endpoint), (response) => read(call, response))
    return Effect.flatMap(
      credentials.get,
      (endpoint) =>
        Effect.matchEffect(send(call, request, endpoint), {
          onFailure: (error) =>
            error.kind === "Tls"
              ? Effect.flatMap(Effect.mapError(renewed(endpoint), () => error), repeat)
              : Effect.fail(error),
          onSuccess: (response) =>
            response.status === 401
              ? Effect.ignore(readBody(call, response)).pipe(
                Effect.zipRight(renewed(endpoint)),
                Effect.flatMap(repeat)
              )
              : read(call, response)
        })
    )
  }

  const watch = (ref: LeaseRef, selection: { readonly resourceVersion: string; readonly fieldSelector?: string }) => {
    const call: KubeCall = { operation: "watch", ref }
    const request: RequestAt = (baseUrl) =>
      HttpClientRequest.get(leasesUrl(baseUrl, ref), {
        urlParams: { ...selection, watch: "1", allowWatchBookmarks: "true", timeoutSeconds: watchSeconds }
      })
    return Stream.unwrap(exchange(call, request, readWatch)).pipe(
      Stream.catchTags({ NotFound: asTransient, Conflict: asTransient }),
      openAtMost(Duration.seconds(watchSeconds + watchGraceSeconds), () => outlived(call))
    )
  }

  return {
    getLease: (ref) =>
      exchange({ operation: "get", ref }, (baseUrl) => HttpClientRequest.get(leaseUrl(baseUrl, ref)), readLease).pipe(
        Effect.catchTag("Conflict", asTransient),
        Effect.withSpan("KubeApi.getLease", spanOptions(ref))
      ),
    createLease: (draft) =>
      exchange(
        { operation: "create", ref: refOf(draft.metadata) },
        (baseUrl) =>
          HttpClientRequest.bodyUnsafeJson(
            HttpClientRequest.post(leasesUrl(baseUrl, draft.metadata)),
            draftToJson(draft)
          ),
        readLease
      ).pipe(Effect.withSpan("KubeApi.createLease", spanOptions(draft.metadata))),
    patchLease: (ref, patch) =>
      exchange(
        { operation: "patch", ref },
        (baseUrl) =>
          HttpClientRequest.bodyText(
            HttpClientRequest.patch(leaseUrl(baseUrl, ref)),
            JSON.stringify(patchToJson(patch)),
            "application/merge-patch+json"
          ),
        readLease
      ).pipe(Effect.withSpan("KubeApi.patchLease", spanOptions(ref))),
    deleteLease: (ref, preconditions) =>
      exchange(
        { operation: "delete", ref },
        (baseUrl) =>
          HttpClientRequest.bodyUnsafeJson(HttpClientRequest.del(leaseUrl(baseUrl, ref)), {
            apiVersion: "v1",
            kind: "DeleteOptions",
            preconditions
          }),
        readDeletion
      ).pipe(Effect.withSpan("KubeApi.deleteLease", spanOptions(ref))),
    watchLease: (ref, { resourceVersion }) =>
      watch(ref, { resourceVersion, fieldSelector: `metadata.name=${ref.name}` }).pipe(
        Stream.withSpan("KubeApi.watchLease", spanOptions(ref))
      ),
    watchNamespace: (namespace, { resourceVersion }) =>
      watch(anyLease(namespace), { resourceVersion }).pipe(
        Stream.withSpan("KubeApi.watchNamespace", spanOptions(anyLease(namespace)))
      ),
    dryRunLease: (ref) =>
      exchange(
        { operation: "dryRun", ref },
        (baseUrl) =>
          HttpClientRequest.patch(leaseUrl(baseUrl, ref), {
            urlParams: { dryRun: "All", fieldManager: dryRunManager }
          }).pipe(HttpClientRequest.bodyText(JSON.stringify(dryRunPatch()), "application/merge-patch+json")),
        readLease
      ).pipe(
        Effect.map(datedByDryRun),
        Effect.catchTag("Conflict", asTransient),
        Effect.withSpan("KubeApi.dryRunLease", spanOptions(ref))
      ),
    serverVersion: exchange(
      { operation: "version", ref: noLease },
      (baseUrl) => HttpClientRequest.get(`${baseUrl}/version`),
      readVersion
    ).pipe(
      Effect.catchTags({ NotFound: asTransient, Conflict: asTransient }),
      Effect.withSpan("KubeApi.serverVersion", { captureStackTrace: false })
    )
  }
}

/** The spans of `KubeApi` say all that may be said; those of an `HttpClient` list request headers (C5). */
const untraced = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  client.pipe(HttpClient.withTracerDisabledWhen(() => true), HttpClient.withTracerPropagation(false))

const withoutRedirects = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.serviceOption(FetchHttpClient.RequestInit),
    (init) =>
      Effect.provideService(effect, FetchHttpClient.RequestInit, {
        ...Option.getOrElse(init, () => ({})),
        redirect: "manual"
      })
  )

type RequestAt = (baseUrl: string) => HttpClientRequest.HttpClientRequest

const leasesUrl = (baseUrl: string, { namespace }: LeaseRef): string =>
  `${baseUrl}/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`

const leaseUrl = (baseUrl: string, ref: LeaseRef): string =>
  `${leasesUrl(baseUrl, ref)}/${encodeURIComponent(ref.name)}`

const outlived = (call: KubeCall): Transient =>
  new Transient({
    ...call,
    kind: "Timeout",
    message: `The watch of lease ${call.ref.namespace}/${call.ref.name} is open for longer than the API server was ` +
      `asked to keep it; its connection is taken for dead.`
  })

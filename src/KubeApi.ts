/**
 * The service that talks to an API server about Leases, and its layers over HTTPS.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Layer from "effect/Layer"
import * as KubeHttp from "./internal/http/client.js"
import * as HttpsTransport from "./internal/http/httpsTransport.js"
import { KubeApi } from "./internal/http/kubeApi.js"
import * as KubeCredentials from "./KubeCredentials.js"

export { KubeApi }

/**
 * Over a transport of the library's own on `node:https`: kept-alive connections that no other traffic shares, the CA of
 * the credentials, no redirects. Requests are not bounded in time: `LeaseService` bounds each of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KubeApi, never, KubeCredentials.KubeCredentials> = Layer.provide(
  Layer.effect(KubeApi, KubeHttp.overHttps),
  HttpsTransport.layer
)

/**
 * Over your `HttpClient`, which has to know the cluster's CA. It must not follow redirects, for they would carry the
 * token elsewhere; `FetchHttpClient` is told so. Its connections are its own affair: unlike `layer`, this one neither
 * drops those that may be dead nor repeats a request that was reset; what holds a lease tries again all the same.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClient: Layer.Layer<
  KubeApi,
  never,
  KubeCredentials.KubeCredentials | HttpClient.HttpClient
> = Layer.effect(KubeApi, KubeHttp.overHttpClient)

/**
 * The API server of the pod that this runs in, with the pod's own ServiceAccount.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerInCluster: Layer.Layer<KubeApi> = Layer.provide(layer, KubeCredentials.layerInCluster)

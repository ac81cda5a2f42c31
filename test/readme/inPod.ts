import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as RealKubeApi from "../../src/KubeApi.js"
import * as KubeCredentials from "../../src/KubeCredentials.js"
import type { KubernetesLeaseSettings, Leading, LeadOptions, LeadWork } from "../../src/KubernetesLease.js"
import { KubernetesLease as RealKubernetesLease } from "../../src/KubernetesLease.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"

export * from "../../src/index.js"

/** The API server of the pod that the README's examples are written for. */
export const server = await TestApiServer.start()

const { apiBaseUrl, caCert, serviceAccountToken } = server

const inPod = (settings: KubernetesLeaseSettings): KubernetesLeaseSettings => ({
  apiBaseUrl,
  caCert,
  serviceAccountToken,
  ...settings
})

export class KubernetesLease extends RealKubernetesLease {
  constructor(settings: KubernetesLeaseSettings) {
    super(inPod(settings))
  }

  static override lead(settings: KubernetesLeaseSettings, work: LeadWork, options?: LeadOptions): Leading {
    return RealKubernetesLease.lead(inPod(settings), work, options)
  }
}

export const KubeApi = {
  ...RealKubeApi,
  layerInCluster: Layer.provide(
    RealKubeApi.layer,
    Layer.orDie(
      KubeCredentials.layer({ baseUrl: apiBaseUrl, caCert, token: Redacted.make(serviceAccountToken) })
    )
  )
}

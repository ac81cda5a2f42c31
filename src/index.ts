/**
 * @since 0.1.0
 */

/** @since 0.1.0 */
export { InMemoryLease } from "./InMemoryLease.js"

/** @since 0.1.0 */
export type { InMemoryLeaseSettings } from "./InMemoryLease.js"

/** @since 0.1.0 */
export { InvalidSettings } from "./InvalidSettings.js"

/** @since 0.1.0 */
export * as KubeApi from "./KubeApi.js"

/** @since 0.1.0 */
export * as KubeApiMemory from "./KubeApiMemory.js"

/** @since 0.1.0 */
export * as KubeCredentials from "./KubeCredentials.js"

/** @since 0.1.0 */
export * as KubeError from "./KubeError.js"

/** @since 0.1.0 */
export { KubernetesLease } from "./KubernetesLease.js"

/** @since 0.1.0 */
export type {
  FurtherSettings,
  KubernetesLeaseSettings,
  Leading,
  LeadOptions,
  LeadWork,
  Lease,
  LeaseHealth,
  LeaseHolder,
  LeaseLogger,
  LeaseLost,
  LoggerObject,
  ReleaseOptions,
  SettingsBuilder,
  WaitOptions
} from "./KubernetesLease.js"

/** @since 0.1.0 */
export * as LeaseObject from "./LeaseObject.js"

/** @since 0.1.0 */
export * as LeaseService from "./LeaseService.js"

/** @since 0.1.0 */
export * as LeaseSettings from "./LeaseSettings.js"

/** @since 0.1.0 */
export * as LeaseTerm from "./LeaseTerm.js"

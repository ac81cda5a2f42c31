/**
 * One term of holding a lease: its fencing token, and how it ends.
 *
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as Data from "effect/Data"
import type * as Option from "effect/Option"
import * as Order from "effect/Order"
import type { KubeError } from "./KubeError.js"
import type { LeaseRef } from "./LeaseObject.js"

/**
 * The `resourceVersion` of a term's acquiring write: a positive integer that only grows, across deletes too. It can
 * exceed 2^53, hence a decimal string; compare it with `FencingTokenOrder`, never as a string.
 *
 * @since 0.1.0
 * @category fencing
 */
export type FencingToken = string & Brand.Brand<"kubernetes-lease/FencingToken">

/**
 * @throws BrandErrors for anything but a positive decimal integer
 * @since 0.1.0
 * @category fencing
 */
export const FencingToken: Brand.Brand.Constructor<FencingToken> = Brand.refined<FencingToken>(
  (text) => /^[1-9]\d*$/.test(text),
  (text) => Brand.error(`A fencing token is a positive decimal integer, not ${JSON.stringify(text)}`)
)

/**
 * Compares as integers: `"999"` before `"1000"`.
 *
 * @since 0.1.0
 * @category fencing
 */
export const FencingTokenOrder: Order.Order<FencingToken> = Order.mapInput(
  Order.bigint,
  (token: FencingToken) => BigInt(token)
)

/**
 * Why a term ended.
 *
 * @since 0.1.0
 * @category ends
 */
export type LostReason = Data.TaggedEnum<{
  /** Another term stands in the record. */
  TakenOver: { readonly by: string }
  /** The Lease is gone, cleared, or another object of its name. */
  Deleted: {}
  /** No renewal was acknowledged before the renew deadline. */
  Expired: { readonly lastError: Option.Option<KubeError> }
  /** A defect in the renewal. */
  Failed: { readonly defect: unknown }
  /** Given back by this process. */
  Released: {}
}>

/**
 * @since 0.1.0
 * @category ends
 */
export const LostReason = Data.taggedEnum<LostReason>()

/**
 * This process no longer holds the lease. What the lease protects must stop at once.
 *
 * @since 0.1.0
 * @category errors
 */
export class LeaseLost extends Data.TaggedError("LeaseLost")<{
  readonly ref: LeaseRef
  readonly owner: string
  readonly token: FencingToken
  readonly reason: LostReason
  readonly message: string
}> {}

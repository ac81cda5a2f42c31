import type * as Duration from "effect/Duration"
import type * as Exit from "effect/Exit"
import type { KubeApi } from "../../src/KubeApi.js"
import type { KubeError, Operation } from "../../src/KubeError.js"
import { Transient } from "../../src/KubeError.js"
import type { LeaseDraft, LeasePatch, LeaseRef, Observed, Preconditions, ServerVersion } from "../../src/LeaseObject.js"

/** What a process asks of the API server. */
export type Request =
  | { readonly operation: "get"; readonly ref: LeaseRef }
  | { readonly operation: "create"; readonly ref: LeaseRef; readonly draft: LeaseDraft }
  | { readonly operation: "patch"; readonly ref: LeaseRef; readonly patch: LeasePatch }
  | { readonly operation: "delete"; readonly ref: LeaseRef; readonly preconditions: Preconditions }
  | { readonly operation: "dryRun"; readonly ref: LeaseRef }
  | { readonly operation: "version"; readonly ref: LeaseRef }

export type Answer = Exit.Exit<Observed | ServerVersion | void, KubeError>

/** What a watch is of: a lease, or all of a namespace. */
export interface WatchScope {
  readonly namespace: string
  readonly name?: string
}

/** What the sender means by it. */
export type Purpose = "read" | "date" | "version" | "acquire" | "renew" | "clear" | "handOver" | "remove"

export const purposeOf = (request: Request, owner: string): Purpose => {
  switch (request.operation) {
    case "get":
      return "read"
    case "dryRun":
      return "date"
    case "version":
      return "version"
    case "delete":
      return "remove"
    case "create":
      return "acquire"
    case "patch": {
      const holder = request.patch.spec.holderIdentity
      return holder === undefined ? "renew" : holder === "" ? "clear" : holder === owner ? "acquire" : "handOver"
    }
  }
}

/** It changes nothing. */
export const isReading = (purpose: Purpose): boolean =>
  purpose === "read" || purpose === "date" || purpose === "version"

export const perform = (api: KubeApi["Type"], request: Request) => {
  switch (request.operation) {
    case "get":
      return api.getLease(request.ref)
    case "create":
      return api.createLease(request.draft)
    case "patch":
      return api.patchLease(request.ref, request.patch)
    case "delete":
      return api.deleteLease(request.ref, request.preconditions)
    case "dryRun":
      return api.dryRunLease(request.ref)
    case "version":
      return api.serverVersion
  }
}

/** What weather can turn away. */
export type Asked = Pick<Request, "ref"> & { readonly operation: Operation }

export const failure = (
  request: Asked,
  kind: Transient["kind"],
  more: { readonly status?: number; readonly retryAfter?: Duration.Duration } = {}
): Transient =>
  new Transient({
    operation: request.operation,
    ref: request.ref,
    kind,
    message: `simulated: ${kind} ${more.status ?? ""}`,
    status: more.status,
    retryAfter: more.retryAfter
  })

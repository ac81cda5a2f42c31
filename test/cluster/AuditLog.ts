import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"

/** What kube-apiserver is to write down: every request for leases, nothing else. */
export const policy = JSON.stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    { level: "Metadata", resources: [{ group: "coordination.k8s.io", resources: ["leases"] }] },
    { level: "None" }
  ]
})

const Event = Schema.parseJson(Schema.Struct({
  auditID: Schema.String,
  verb: Schema.String,
  requestURI: Schema.String,
  user: Schema.Struct({ username: Schema.optional(Schema.String) }),
  userAgent: Schema.optional(Schema.String),
  objectRef: Schema.Struct({
    namespace: Schema.optional(Schema.String),
    name: Schema.optional(Schema.String)
  }),
  responseStatus: Schema.optional(Schema.Struct({ code: Schema.Number })),
  requestReceivedTimestamp: Schema.DateFromString
}))
const decodeEvent = Schema.decodeSync(Event)

/** One request for a lease, as the API server saw it. */
export interface LeaseRequest {
  readonly receivedAt: Date
  /** `dryRun` for a patch that is only tried. */
  readonly verb: string
  /** `system:serviceaccount:<namespace>:<name>` for a ServiceAccount; absent when its token was refused. */
  readonly user: string | undefined
  readonly userAgent: string | undefined
  /** Absent where the request names none: from `list`, and from a `create` that was refused. */
  readonly name: string | undefined
  readonly code: number | undefined
}

/**
 * The requests for leases in a namespace, oldest first. The server writes a request down once it has answered it, so
 * one that has just been answered may be missing for a moment; a watch (on 1.20) once it has ended.
 */
export const read = (file: string, namespace: string): Effect.Effect<ReadonlyArray<LeaseRequest>> =>
  Effect.sync(() => {
    const requests = new Map<string, LeaseRequest>()
    // What follows the last line break is still being written.
    for (const line of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
      const event = decodeEvent(line)
      if (event.objectRef.namespace === namespace) {
        requests.set(event.auditID, {
          receivedAt: event.requestReceivedTimestamp,
          verb: /[?&]dryRun=All(&|$)/.test(event.requestURI) ? "dryRun" : event.verb,
          user: event.user.username,
          userAgent: event.userAgent,
          name: event.objectRef.name,
          code: event.responseStatus?.code
        })
      }
    }
    return Arr.sortWith(requests.values(), (request) => request.receivedAt, Order.Date)
  })

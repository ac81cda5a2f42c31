import type { Answer } from "../../internal/memory/status.js"
import * as Status from "../../internal/memory/status.js"
import { group, resource } from "../../internal/memory/storedLease.js"

/**
 * A right on Leases, as one rule of a Role.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rule {
  /** `"*"`: in every namespace, and on requests that name none. */
  readonly namespace: string
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, or `"*"` for all. */
  readonly verbs: ReadonlyArray<string>
  /** Only these Leases. A `create` or a `list` names none, so no such rule allows it. Default: all. */
  readonly resourceNames?: ReadonlyArray<string> | undefined
}

export interface Account {
  readonly user: string
  readonly rules: ReadonlyArray<Rule>
  readonly expiresAtMillis: number
}

/** What somebody wants to do, as the authorizer sees it. */
export interface Attributes {
  readonly verb: string
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

export const anonymous: Account = { user: "system:anonymous", rules: [], expiresAtMillis: Infinity }

/** The token of an `Authorization` header; `undefined`: none was sent. */
export const bearerToken = (authorization: string | undefined): string | undefined =>
  /^bearer +(\S+)$/i.exec(authorization?.trim() ?? "")?.[1]

export const unauthorized: Answer = Status.failure({ status: 401, reason: "Unauthorized", message: "Unauthorized" })

export const may = ({ rules }: Account, { name, namespace, verb }: Attributes): boolean =>
  rules.some((rule) =>
    (rule.namespace === "*" || rule.namespace === namespace) &&
    (rule.verbs.includes("*") || rule.verbs.includes(verb)) &&
    (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name)))
  )

/** May do everything, so that a path that is nobody's is told to be missing rather than forbidden. */
export const isAdmin = (account: Account): boolean => may(account, { verb: "*", namespace: "*" })

export const forbidden = (
  { user }: Account,
  { name, namespace, verb }: Attributes,
  what: string = resource
): Answer =>
  Status.failure({
    status: 403,
    reason: "Forbidden",
    message: `${what}.${group}${name === undefined ? "" : ` "${name}"`} is forbidden: User "${user}" cannot ${verb} ` +
      `resource "${what}" in API group "${group}" ` +
      (namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`),
    details: { ...(name === undefined ? {} : { name }), group, kind: what }
  })

export const forbiddenPath = ({ user }: Account, verb: string, path: string): Answer =>
  Status.failure({
    status: 403,
    reason: "Forbidden",
    message: `forbidden: User "${user}" cannot ${verb} path "${path}"`,
    details: {}
  })

/** What a member process is told. */
export type Command =
  | { readonly type: "begin"; readonly settings: MemberSettings }
  | { readonly type: "run" }
  | { readonly type: "release"; readonly to: string | undefined }

export interface MemberSettings {
  readonly namespace: string
  readonly name: string
  readonly owner: string
  readonly ttlMs: number
  readonly renewalIntervalMs: number
  readonly renewDeadlineMs: number
  /** The rest of the settings of `KubernetesLease`: how to get to the API server. */
  readonly connection: Readonly<Record<string, unknown>>
}

/** What a member process reports. Every `at` is of `now()`. */
export type Report =
  | { readonly type: "running"; readonly at: number }
  | { readonly type: "acquired"; readonly at: number; readonly token: string }
  | { readonly type: "renewed"; readonly at: number; readonly sentAt: number }
  | { readonly type: "releasing"; readonly at: number }
  | { readonly type: "released"; readonly at: number; readonly to: string | undefined }
  | { readonly type: "unreleased"; readonly at: number; readonly why: string }
  | { readonly type: "lost"; readonly at: number; readonly why: string }
  | { readonly type: "refused"; readonly at: number; readonly why: string }
  | { readonly type: "logged"; readonly at: number; readonly level: string; readonly message: string }
  | Belief

/** The latest of a member's looks at `checkAlive()`. */
export interface Belief {
  readonly type: "belief"
  readonly at: number
  /** From the first to the latest look that said "held"; `undefined`: it has not held yet. */
  readonly held: { readonly from: number; readonly until: number } | undefined
  /** Until when it will hold without another renewal; `undefined`: it does not hold. */
  readonly validUntil: number | undefined
  /** How often it has looked. */
  readonly looks: number
}

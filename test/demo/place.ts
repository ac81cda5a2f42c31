/** An API server for the members to run for a lease on. */
export interface Place {
  readonly title: string
  /** What a member's `KubernetesLease` needs to get there; it travels as JSON. */
  readonly connectionOf: (member: string) => Promise<Readonly<Record<string, unknown>>>
  /** Absent where nobody can stand between a member and the API server. */
  readonly network: Network | undefined
  /** Absent where rights are not the demo's to change. */
  readonly rights: Rights | undefined
  readonly close: () => Promise<void>
}

/** What can happen to a member's connections. */
export interface Network {
  /** They are reset, and new ones refused. */
  readonly cut: (member: string) => void
  /** They stay, and nothing comes through any more. */
  readonly silence: (member: string) => void
  readonly restore: (member: string) => Promise<void>
}

/** As if somebody deleted, or put back, the RoleBinding of them all. */
export interface Rights {
  readonly withdraw: () => Promise<void>
  readonly grant: () => Promise<void>
}

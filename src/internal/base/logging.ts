import * as Effect from "effect/Effect"

/** Annotates what is logged with the lease and the owner that it is about. */
export const logging = (
  about: { readonly owner: string; readonly ref: { readonly namespace: string; readonly name: string } }
) =>
<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.annotateLogs(effect, { lease: `${about.ref.namespace}/${about.ref.name}`, owner: about.owner })

/** A logger of the user's that throws must not take a renewal, a release or the ticker with it. */
export const log = (entry: Effect.Effect<void>): Effect.Effect<void> => Effect.catchAllDefect(entry, () => Effect.void)

import { effect, it, scoped } from "@effect/vitest"

// `layer` of @effect/vitest leaves its own `effect` and `scoped` on the `it` that every file of a worker shares.
Object.assign(it, { effect, scoped })

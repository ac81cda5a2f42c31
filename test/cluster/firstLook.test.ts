import { assert, describe, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import { LeaseServer } from "./LeaseServer.js"
import * as LeaseServers from "./LeaseServer.js"
import * as NodeProgram from "./NodeProgram.js"

describe.skipIf(LeaseServers.programs === "")("on the library of a current Kubernetes", () => {
  layer(LeaseServers.layer(LeaseServers.programs), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    it.scoped(
      "E2 a job that crashes each time runs again at its next process's first look, and not before its ttl",
      () =>
        Effect.gen(function*() {
          const { baseUrl, caCert, issueToken, namespace } = yield* LeaseServer
          const serviceAccountToken = yield* issueToken([{ verbs: ["get", "create", "patch", "watch"] }])

          /** A process that asks once, and crashes. */
          const run = (owner: string) =>
            Effect.scoped(Effect.gen(function*() {
              const startedAt = yield* Clock.currentTimeMillis
              const job = yield* NodeProgram.start(attempt, {
                apiBaseUrl: baseUrl,
                caCert,
                serviceAccountToken,
                namespace,
                name: "job",
                owner,
                ttlMs
              })
              const answer = yield* job.nextLine
              const answeredAt = yield* Clock.currentTimeMillis
              yield* job.kill
              return { answer, startedAt, answeredAt }
            }))

          for (const night of ["1", "2", "3"]) {
            const due = yield* run(`due-${night}`)
            assert.strictEqual(due.answer, "true", `night ${night}`)
            const early = yield* run(`early-${night}`)
            // On a busy machine it may come late.
            if (early.answeredAt - due.startedAt < ttlMs) {
              assert.strictEqual(early.answer, "false", `night ${night}`)
            }
            yield* Effect.sleep(dueMs)
          }
        }),
      120_000
    )
  })
})

const attempt = fileURLToPath(new URL("fixtures/attempt.mjs", import.meta.url))

const ttlMs = 4000

/** After the ttl and the skew that clocks are granted: the servers date in whole seconds, at both ends. */
const dueMs = ttlMs + 1000 + 2000

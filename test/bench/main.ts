import * as Effect from "effect/Effect"
import * as ControlPlanes from "../cluster/ControlPlane.js"
import { coldStart } from "./coldStart.js"
import { contenders } from "./contenders.js"
import { crashes } from "./crash.js"
import { floor } from "./floor.js"
import { handOvers } from "./handOvers.js"
import { heapPerLease } from "./heap.js"
import { RawClient } from "./rawClient.js"
import { rawPatchCpu, renewalCpu } from "./renewalCpu.js"
import type { Figure } from "./statistics.js"
import { spread } from "./statistics.js"
import { storm } from "./storm.js"
import { requestsOfWaiting } from "./waiting.js"

// Against a control plane of the benchmark's own; figures of one run are to be compared with each other only.

const figures: Array<Figure> = []
const tell = (what: string, measured: string, goal: string): void => {
  figures.push({ what, measured, goal })
  console.log(`${what}: ${measured} (goal: ${goal})`)
}

const rounds = Number(process.env["ROUNDS"] ?? 100)

const benchmark = Effect.gen(function*() {
  const { contender, namespace, plane, token } = yield* contenders
  const raw = new RawClient(plane.baseUrl, plane.caCert, namespace, token)
  const pair = (settings: Parameters<typeof contender>[1]) =>
    [contender("a", settings), contender("b", settings)] as const

  yield* Effect.promise(async () => {
    // A process that hands leases over has run for a while; the compiler's first seconds are the cold start's.
    await handOvers(pair({ name: "warming-up" }), 30, () => ({}))
    tell("raw client: DELETE, watch event, CREATE", spread(await floor(raw, rounds)), "the floor")
    tell(
      "release -> next owner holds",
      spread(await handOvers(pair({}), rounds, () => ({}))),
      "median 12 ms, 99th 50 ms"
    )
    tell(
      `release -> next owner holds, releaseMode "clear"`,
      spread(await handOvers(pair({ name: "kept", releaseMode: "clear" }), rounds, () => ({}))),
      "median 12 ms, 99th 50 ms"
    )
    tell(
      "hand-over -> successor holds",
      spread(await handOvers(pair({ name: "handed" }), rounds, (successor) => ({ to: successor === 1 ? "b" : "a" }))),
      "no slower"
    )

    const crashing = {
      namespace,
      name: "crashing",
      owner: "crashing",
      ttlMs: 2000,
      apiBaseUrl: plane.baseUrl,
      caCert: plane.caCert,
      serviceAccountToken: token
    }
    const late = await crashes(plane, namespace, contender, crashing, 10)
    tell("crash -> next owner holds, beyond last renewal + ttl", spread(late), "0 to 50 ms")

    tell(
      "requests of a waiting contender beside its watch, in a minute",
      String(await requestsOfWaiting(plane, namespace, contender, 60_000)),
      "at most 1"
    )
    const counts = await storm(plane, namespace, contender, 100)
    tell(
      "requests of 100 waiting contenders at a release",
      [...counts].map(([request, count]) => `${request}: ${count}`).join(", "),
      "no storm"
    )

    const busy = Array.from(
      { length: 10 },
      (_, index) =>
        contender("busy", { name: `busy-${index}`, ttlMs: 15_000, renewalIntervalMs: 100, serviceAccountToken: token })
    )
    const perRenewal = await renewalCpu(busy, 100, 10_000)
    const names = busy.map((_, index) => `raw-${index}`)
    for (const name of names) {
      await raw.request("POST", "", {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name },
        spec: {}
      })
    }
    await rawPatchCpu(raw, names, 100, 3000)
    const perPatch = await rawPatchCpu(raw, names, 100, 10_000)
    tell(
      "client CPU per renewal",
      `${perRenewal.toFixed(2)} ms, ${(perRenewal / perPatch).toFixed(2)} x a raw PATCH (${perPatch.toFixed(2)} ms)`,
      "1.5 x"
    )
    raw.close()
  })

  tell(
    "heap per held lease at 10,000",
    `${(yield* Effect.promise(() => heapPerLease(10_000))).toFixed(1)} KiB`,
    "10 KiB"
  )
  const { effects, ours } = coldStart(10)
  tell(
    "import and first acquire, cold",
    `${ours.toFixed(0)} ms, ${(ours / effects).toFixed(2)} x importing the Effect modules (${effects.toFixed(0)} ms)`,
    "1.3 x"
  )
  console.table(figures)
}).pipe(Effect.scoped, Effect.provide(ControlPlanes.layer))

Effect.runPromise(benchmark).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  }
)

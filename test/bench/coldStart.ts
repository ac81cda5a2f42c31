import { spawnSync } from "node:child_process"
import { median } from "./statistics.js"

const effectModules = [
  "Context",
  "Effect",
  "Layer",
  "ManagedRuntime",
  "Schema",
  "Stream",
  "Metric",
  "Schedule",
  "Config"
]

const timed = (code: string): number => {
  const program = `const began = performance.now(); ${code}; console.log(performance.now() - began)`
  const { stderr, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" })
  if (stdout === "") {
    throw new Error(stderr)
  }
  return Number(stdout)
}

/** Importing `KubernetesLease` and having its first instance, as a multiple of importing the Effect modules it uses. */
export const coldStart = (rounds: number): { readonly ours: number; readonly effects: number } => {
  const ours: Array<number> = []
  const effects: Array<number> = []
  const importing = effectModules.map((name) => `import("effect/${name}")`)
    .concat(`import("@effect/platform/HttpClient")`)
    .join(", ")
  for (let round = 0; round < rounds; round++) {
    effects.push(timed(`await Promise.all([${importing}])`))
    ours.push(timed(
      `const { InMemoryLease } = await import("kubernetes-lease/InMemoryLease"); await import("kubernetes-lease/KubernetesLease");`
        + ` const lease = new InMemoryLease({ name: "a", owner: "a", ttlMs: 5000 }); await lease.acquire(); await lease.release()`
    ))
  }
  return { ours: median(ours), effects: median(effects) }
}

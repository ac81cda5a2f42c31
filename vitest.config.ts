import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { readmeExamples } from "./test/readme/examples.js"

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  test: {
    maxWorkers: 2,
    // Loading Effect anew for each file costs more than the tests do.
    poolOptions: { forks: { isolate: false } },
    projects: [
      {
        plugins: [readmeExamples],
        resolve: {
          alias: [
            { find: /^kubernetes-lease$/, replacement: source("index.ts") },
            { find: /^kubernetes-lease\/testing$/, replacement: source("testing/index.ts") }
          ]
        },
        test: {
          name: "unit",
          // A busy machine is no failure.
          testTimeout: 30_000,
          setupFiles: ["test/support/plainTester.ts"],
          include: ["test/**/*.test.ts"],
          exclude: ["test/cluster/**", "test/package/**", "test/runtimes/**"]
        }
      },
      {
        // What is built, as its users get it.
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          // A compiler that checks every library's declarations, on a busy machine.
          testTimeout: 240_000
        }
      },
      {
        test: {
          name: "runtimes",
          include: ["test/runtimes/**/*.test.ts"],
          globalSetup: ["test/runtimes/runtimes.ts"],
          testTimeout: 30_000
        }
      },
      {
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          globalSetup: ["test/cluster/requireControlPlane.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Each file has a control plane of its own, and its tests are about real time.
          poolOptions: { forks: { singleFork: true, isolate: true } }
        }
      }
    ]
  }
})

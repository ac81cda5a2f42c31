/** Bundles the demo, so that each of its processes starts in a moment, and runs it. */
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

const outdir = fileURLToPath(new URL("../../node_modules/.cache/demo/", import.meta.url))

await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: ["main.ts", "member.ts"],
  bundle: true,
  platform: "node",
  format: "esm",
  // Only `--kubeconfig` needs it, and it is large.
  external: ["@kubernetes/client-node"],
  outExtension: { ".js": ".mjs" },
  outdir
})
await import(new URL("../../node_modules/.cache/demo/main.mjs", import.meta.url).href)

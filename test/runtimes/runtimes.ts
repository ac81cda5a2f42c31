import { accessSync, constants, existsSync } from "node:fs"
import { join } from "node:path"
import { plainFailure } from "../support/plainFailure.js"

/** What runs a JavaScript file. */
export interface Runtime {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** For CAs of `NODE_EXTRA_CA_CERTS`. */
  readonly argsForExtraCas: ReadonlyArray<string>
}

/** The rights that the README tells users of Deno to give. */
const denoRights = ["--allow-net", "--allow-env", "--allow-read"]

/** Node, which runs the tests, and those beside it that `RUNTIMES` holds. */
export const presentRuntimes = (): ReadonlyArray<Runtime> => {
  const bin = join(process.env["RUNTIMES"] ?? "", "bin")
  return [
    { name: `Node ${process.versions.node}`, command: process.execPath, args: [], argsForExtraCas: [] },
    ...[
      { name: "a newer Node", command: join(bin, "node"), args: [], argsForExtraCas: [] },
      { name: "Bun", command: join(bin, "bun"), args: [], argsForExtraCas: [] },
      {
        name: "Deno",
        command: join(bin, "deno"),
        args: ["run", "--no-prompt", ...denoRights, "--allow-sys=hostname"],
        argsForExtraCas: ["run", "--no-prompt", ...denoRights, "--allow-sys"]
      }
    ].filter(({ command }) => isExecutable(command))
  ]
}

/** Fails once, in one line, rather than passing without having tried what it is for. */
export default function setup(): void {
  if (presentRuntimes().length === 1) {
    throw plainFailure(
      `Nothing beside Node ${process.versions.node}: export RUNTIMES="$(bash test/runtimes/install-runtimes.sh)", a folder with bin/bun, bin/deno and bin/node.`
    )
  }
}

/** Where @kubernetes/client-node 2 is, for the newer Node that it needs; `undefined` where it is not. */
export const clientNode2 = (): string | undefined => {
  const folder = join(process.env["RUNTIMES"] ?? "", "node_modules/@kubernetes/client-node")
  return existsSync(folder) ? folder : undefined
}

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

/**
 * Installs the built package in a folder as npm packs it, beside links to these packages of the repository: its peers,
 * and whatever else the folder's user has.
 */
export const installPackage = (folder: string, others: ReadonlyArray<string> = []): void => {
  const packages = join(folder, "node_modules")
  const unpacked = join(packages, "kubernetes-lease")
  mkdirSync(unpacked, { recursive: true })
  const packed = execFileSync("npm", ["pack", root, "--pack-destination", folder, "--ignore-scripts", "--offline"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })
  const tarball = join(folder, packed.trim().split("\n").at(-1) ?? "")
  execFileSync("tar", ["-xzf", tarball, "-C", unpacked, "--strip-components=1"])
  const linked = ["effect", "@effect/platform", ...others]
  for (const name of linked) {
    mkdirSync(join(packages, name, ".."), { recursive: true })
    symlinkSync(join(root, "node_modules", name), join(packages, name))
  }
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({
      type: "module",
      dependencies: Object.fromEntries(["kubernetes-lease", ...linked].map((name) => [name, "*"]))
    })
  )
}

/** Puts a copy of a file into the folder, for it to import the package by its name. */
export const copyInto = (folder: string, file: URL): string => {
  const copy = join(folder, basename(fileURLToPath(file)))
  copyFileSync(file, copy)
  return copy
}

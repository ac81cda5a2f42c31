import { parseArgs } from "node:util"

/** Where the story is to play. */
export type Options =
  & { readonly namespace: string }
  & ({ readonly where: "test" | "in-cluster" } | { readonly where: "kubeconfig"; readonly path: string | undefined })

export const usage = `npm start                                    needs no cluster
npm start -- --kubeconfig [path]             on the cluster of a kubeconfig
npm start -- --in-cluster                    on the cluster of the pod that this runs in
             --namespace <name>              default: default; it needs the rights in rbac/`

/** Said without a stack trace. */
export class UsageError extends Error {}

/**
 * @throws UsageError for arguments that do not exist
 */
export const optionsOf = (args: ReadonlyArray<string>): Options => {
  const { positionals, values } = parsed(args)
  const { kubeconfig, namespace, "in-cluster": inCluster } = values
  if (positionals.length > (kubeconfig === true ? 1 : 0)) {
    throw new UsageError(`Unexpected argument "${positionals.at(-1)}"\n\n${usage}`)
  }
  return kubeconfig === true
    ? { where: "kubeconfig", path: positionals[0], namespace }
    : { where: inCluster === true ? "in-cluster" : "test", namespace }
}

const parsed = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: args.flatMap((arg) => arg.startsWith("--kubeconfig=") ? ["--kubeconfig", arg.slice(13)] : [arg]),
      allowPositionals: true,
      options: {
        kubeconfig: { type: "boolean" },
        "in-cluster": { type: "boolean" },
        namespace: { type: "string", default: "default" }
      }
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  }
}

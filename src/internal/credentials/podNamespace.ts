import { readFileSync } from "node:fs"
import { serviceAccountFolder } from "./pod.js"

/** The namespace of the pod that this is; `undefined` where nothing tells one. */
export const podNamespace = ({ POD_NAMESPACE }: { readonly [name: string]: string | undefined }): string | undefined =>
  POD_NAMESPACE === undefined || POD_NAMESPACE === "" ? mountedNamespace() : POD_NAMESPACE

/** Read at once, for a constructor that waits for nothing has to say whether it is missing. */
const mountedNamespace = (): string | undefined => {
  try {
    return readFileSync(`${serviceAccountFolder}/namespace`, "utf8").trim()
  } catch {
    return undefined
  }
}

import { accessSync, constants } from "node:fs"
import { join } from "node:path"
import { plainFailure } from "../support/plainFailure.js"
import { noControlPlane } from "./ControlPlane.js"

/** Fails once, in one line, rather than in every test. */
export default function setup(): void {
  const { KUBEBUILDER_ASSETS: assets, KUBECONFIG: kubeconfig } = process.env
  if (assets) {
    const missing = ["etcd", "kube-apiserver", "kubectl"].filter((program) => !isExecutable(join(assets, program)))
    if (missing.length > 0) {
      throw plainFailure(`KUBEBUILDER_ASSETS names ${assets}, which lacks ${missing.join(", ")}.`)
    }
  } else if (!kubeconfig) {
    throw plainFailure(noControlPlane)
  }
}

const isExecutable = (file: string) => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

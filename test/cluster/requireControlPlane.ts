import { accessSync, constants } from "node:fs"
import { join } from "node:path"
import { plainFailure } from "../support/plainFailure.js"
import { noControlPlane } from "./ControlPlane.js"

/** Fails once, in one line, rather than in every test. */
export default function setup(): void {
  const { KUBEBUILDER_ASSETS: assets, KUBECONFIG: kubeconfig, LEASE_SERVER: leaseServer } = process.env
  if (assets) {
    requirePrograms("KUBEBUILDER_ASSETS", assets, ["etcd", "kube-apiserver", "kubectl"])
  } else if (!kubeconfig) {
    throw plainFailure(noControlPlane)
  }
  if (leaseServer) {
    requirePrograms("LEASE_SERVER", leaseServer, ["etcd", "lease-server"])
  }
}

const requirePrograms = (variable: string, folder: string, programs: ReadonlyArray<string>) => {
  const missing = programs.filter((program) => !isExecutable(join(folder, program)))
  if (missing.length > 0) {
    throw plainFailure(`${variable} names ${folder}, which lacks ${missing.join(", ")}.`)
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

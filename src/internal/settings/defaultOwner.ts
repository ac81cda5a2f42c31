import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import { longestOwner, ownerFaults } from "./owner.js"

let ofThisProcess: string | undefined

/** The same at each call, and no other living process's. */
export const processOwner = (): string => ofThisProcess ??= uniqueOwner(process.env)

/**
 * A name that no other living process uses, nor this one twice. The pod's name and UID alone would be one name for all
 * processes and threads of a pod, each of which would take the lease from the others as its own (A2).
 */
export const uniqueOwner = (env: { readonly [name: string]: string | undefined }): string => {
  const uuid = randomUUID()
  return `${placeOf(env).slice(0, longestOwner - uuid.length - 1)}_${uuid}`
}

/** Deno asks for a permission to tell the host's name, but not where the variable does. */
const placeOf = ({ HOSTNAME, POD_NAME }: { readonly [name: string]: string | undefined }): string =>
  [POD_NAME, HOSTNAME].find((name) => ownerFaults("owner", name).length === 0) ?? hostname()

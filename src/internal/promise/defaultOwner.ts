import { randomUUID } from "node:crypto"
import { hostname } from "node:os"

const longestOwner = 253

/** A name that no other living process uses, nor this one twice. */
export const hostnameAndUuid = (): string => {
  const uuid = randomUUID()
  return `${hostname().slice(0, longestOwner - uuid.length - 1)}_${uuid}`
}

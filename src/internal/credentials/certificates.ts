import { X509Certificate } from "node:crypto"
import type { Fault } from "../../InvalidSettings.js"

export interface Bundle {
  /** The certificates that can be read, or, where none can, nothing. */
  readonly pem: string | undefined
  /** The others, as a message names them. */
  readonly unreadable: ReadonlyArray<string>
}

/**
 * One certificate that can be read is enough, wherever it stands. TLS stacks differ in what they do with the others: one
 * stops at the first of them, one prints it.
 */
export const bundleOf = (text: string): Bundle => {
  const all = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  const readable = all.filter(isCertificate)
  return {
    pem: readable.length === 0 ? undefined : readable.map((pem) => `${pem}\n`).join(""),
    unreadable: all.flatMap((pem, index) => isCertificate(pem) ? [] : [`certificate ${index + 1} of ${all.length}`])
  }
}

export const caCertFaults = (field: string, caCert: string | undefined): ReadonlyArray<Fault> =>
  caCert === undefined || bundleOf(caCert).pem !== undefined
    ? []
    : [{ field, value: caCert, expected: "certificates in PEM form" }]

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

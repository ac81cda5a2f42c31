import type { Fault } from "../../InvalidSettings.js"

/** What other libraries, and this one's other face, call what is known here under another name. */
const elsewhere: { readonly [name: string]: ReadonlyArray<string> } = {
  acquireTimeout: ["acquireTimeoutMs"],
  baseUrl: ["apiBaseUrl"],
  ca: ["caCert"],
  caPath: ["caCert"],
  duration: ["ttlMs"],
  holder: ["owner"],
  holderIdentity: ["owner"],
  id: ["owner"],
  identity: ["owner"],
  leaseDuration: ["ttlMs"],
  leaseDurationMs: ["ttlMs"],
  leaseDurationSeconds: ["ttlMs"],
  leaseName: ["name"],
  log: ["logger"],
  namespacePath: ["namespace"],
  operationTimeoutMs: ["requestTimeoutMs"],
  retryPeriod: ["renewalIntervalMs"],
  server: ["apiBaseUrl"],
  timeout: ["requestTimeoutMs", "acquireTimeoutMs"],
  timeoutMs: ["requestTimeoutMs", "acquireTimeoutMs"],
  token: ["serviceAccountToken"],
  tokenPath: ["serviceAccountToken"],
  ttl: ["ttlMs"],
  ttlSeconds: ["ttlMs"],
  url: ["apiBaseUrl"],
  wait: ["acquireWaitMs"]
}

/**
 * A setting that nobody reads does something else than its user thinks (F101). Its value is not shown: it may be a secret
 * under a misspelt name.
 */
export const unknownSettings = (given: object, known: ReadonlyArray<string>): ReadonlyArray<Fault> =>
  Object.entries(given)
    .filter(([field, value]) => value !== undefined && !known.includes(field))
    .map(([field]) => {
      const meant = suggestions(field, known)
      return {
        field,
        value: undefined,
        expected: meant.length === 0 ? `one of ${known.join(", ")}` : meant.join(" or "),
        problem: meant.length === 0
          ? `is no setting; there are ${known.join(", ")}`
          : `is no setting; did you mean ${meant.join(" or ")}?`
      }
    })

const suggestions = (field: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  const named = (Object.hasOwn(elsewhere, field) ? elsewhere[field] ?? [] : []).filter((name) => known.includes(name))
  if (named.length > 0) {
    return named
  }
  const edits = (name: string): number => editsBetween(plain(field), plain(name))
  return known
    .filter((name) => edits(name) <= Math.floor(plain(name).length / 3))
    .filter((name, _, near) => edits(name) === Math.min(...near.map(edits)))
}

/** Spelling alone: `renew_deadline` is `renewDeadlineMs`. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z]|m(?:illi)?s(?:ec(?:ond)?s)?$/g, "")

/** Letters to insert, delete or replace until one is the other. */
const editsBetween = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
  }
  return row[to.length] ?? 0
}

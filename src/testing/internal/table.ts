import type { Json, JsonObject } from "../../internal/memory/json.js"
import { at, isJsonArray, isJsonObject } from "../../internal/memory/json.js"

/** Whether a client takes rows with what to show, as `kubectl get` does. */
export const isAsked = (accept: string | undefined): boolean => accept?.includes("as=Table") ?? false

/** A Lease or a list of them as rows; anything else as it is. */
export const fromAnswer = (body: JsonObject, nowMillis: number): JsonObject => {
  const items = body["items"]
  return body["kind"] === "Lease"
    ? table([body], at(body, "metadata", "resourceVersion"), nowMillis)
    : isJsonArray(items)
    ? table(items.filter(isJsonObject), at(body, "metadata", "resourceVersion"), nowMillis)
    : body
}

/** An event of a watch, its object as a table of one row. */
export const fromEvent = (event: JsonObject, nowMillis: number): JsonObject => {
  const object = event["object"]
  return event["type"] === "ERROR" || !isJsonObject(object)
    ? event
    : { ...event, object: fromAnswer(object, nowMillis) }
}

const column = (name: string, format: string, description: string): JsonObject => ({
  name,
  type: "string",
  format,
  description,
  priority: 0
})

const columnDefinitions = [
  column("Name", "name", "The name of the Lease."),
  column("Holder", "", "The identity of the holder."),
  column("Age", "", "The time since its creation.")
]

const table = (
  leases: ReadonlyArray<JsonObject>,
  resourceVersion: Json | undefined,
  nowMillis: number
): JsonObject => ({
  kind: "Table",
  apiVersion: "meta.k8s.io/v1",
  metadata: { resourceVersion: resourceVersion ?? "" },
  columnDefinitions,
  rows: leases.map((lease) => ({
    cells: [
      at(lease, "metadata", "name") ?? "",
      at(lease, "spec", "holderIdentity") ?? "",
      age(at(lease, "metadata", "creationTimestamp"), nowMillis)
    ],
    object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: lease["metadata"] ?? {} }
  }))
})

const units = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const

/** In the largest unit that it has at least two of, as kubectl shows it. */
const age = (creationTimestamp: Json | undefined, nowMillis: number): string => {
  const seconds = Math.floor((nowMillis - Date.parse(String(creationTimestamp))) / 1000)
  if (!(seconds >= 0)) {
    return "<unknown>"
  }
  const [unit, length] = units.find(([, size]) => seconds >= 2 * size) ?? ["s", 1]
  return `${Math.floor(seconds / length)}${unit}`
}

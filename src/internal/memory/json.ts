import * as Arr from "effect/Array"
import * as Order from "effect/Order"

/** A JSON value, as `JSON.parse` makes it. */
export type Json = null | boolean | number | string | JsonArray | JsonObject
export type JsonArray = ReadonlyArray<Json>
export interface JsonObject {
  readonly [field: string]: Json
}

export const isJsonObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

export const isJsonArray = (json: Json | undefined): json is JsonArray => Array.isArray(json)

/** A field that is there itself: every object inherits values under `__proto__`, `constructor` and more. */
export const fieldOf = (json: JsonObject, field: string): Json | undefined =>
  Object.hasOwn(json, field) ? json[field] : undefined

/** The value at a path of field names; `undefined` where there is none. */
export const at = (json: Json | undefined, ...path: ReadonlyArray<string>): Json | undefined =>
  path.reduce<Json | undefined>((inner, field) => isJsonObject(inner) ? fieldOf(inner, field) : undefined, json)

/** What Go calls the JSON type of a value in its errors. */
export const goTypeOf = (json: Json): string => {
  switch (typeof json) {
    case "boolean":
      return "bool"
    case "object":
      return json === null ? "null" : Array.isArray(json) ? "array" : "object"
    default:
      return typeof json
  }
}

/** Equal as JSON: the order of fields does not count. */
export const jsonEquals = (a: Json, b: Json): boolean => {
  if (isJsonObject(a) && isJsonObject(b)) {
    const fields = Object.keys(a)
    return fields.length === Object.keys(b).length && fields.every((field) => {
      const [left, right] = [fieldOf(a, field), fieldOf(b, field)]
      return left !== undefined && right !== undefined && jsonEquals(left, right)
    })
  }
  if (isJsonArray(a) && isJsonArray(b)) {
    return a.length === b.length && a.every((item, i) => {
      const other = b[i]
      return other !== undefined && jsonEquals(item, other)
    })
  }
  return a === b
}

/** The same object with its fields in alphabetical order. */
export const sorted = (json: JsonObject): JsonObject =>
  Object.fromEntries(Arr.sortWith(Object.entries(json), ([field]) => field, Order.string))

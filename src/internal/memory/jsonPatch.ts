import * as Either from "effect/Either"
import type { Json } from "./json.js"
import { fieldOf, isJsonArray, isJsonObject, jsonEquals } from "./json.js"

/** RFC 6902. Left: an operation is malformed, its path leads nowhere, or a `test` fails. */
export const jsonPatch = (target: Json, patch: Json): Either.Either<Json, void> => {
  if (!isJsonArray(patch)) {
    return Either.left(undefined)
  }
  return patch.reduce<Either.Either<Json, void>>(
    (patched, operation) => Either.flatMap(patched, (json) => applied(json, operation)),
    Either.right(target)
  )
}

type Path = ReadonlyArray<string>
type Patched = Either.Either<Json, void>

const nowhere: Patched = Either.left(undefined)

const applied = (json: Json, operation: Json): Patched => {
  const path = pathOf(operation, "path")
  const value = isJsonObject(operation) ? operation["value"] : undefined
  if (!isJsonObject(operation) || path === undefined) {
    return nowhere
  }
  switch (operation["op"]) {
    case "test":
      return Either.flatMap(
        valueAt(json, path),
        (found) => jsonEquals(found, value ?? null) ? Either.right(json) : nowhere
      )
    case "add":
      return value === undefined ? nowhere : add(json, path, value)
    case "remove":
      return remove(json, path)
    case "replace":
      return value === undefined ? nowhere : replace(json, path, value)
    case "move":
      return from(
        json,
        operation,
        (found, source) => Either.flatMap(remove(json, source), (without) => add(without, path, found))
      )
    case "copy":
      return from(json, operation, (found) => add(json, path, found))
    default:
      return nowhere
  }
}

const from = (json: Json, operation: Json, use: (found: Json, source: Path) => Patched): Patched => {
  const source = pathOf(operation, "from")
  return source === undefined ? nowhere : Either.flatMap(valueAt(json, source), (found) => use(found, source))
}

/** A JSON pointer in its parts; `undefined` if it is none. */
const pathOf = (operation: Json, field: string): Path | undefined => {
  const pointer = isJsonObject(operation) ? operation[field] : undefined
  return typeof pointer !== "string" || (pointer !== "" && !pointer.startsWith("/"))
    ? undefined
    : pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
}

const valueAt = (json: Json, path: Path): Patched =>
  path.reduce<Patched>((found, key) => Either.flatMap(found, (inner) => childAt(inner, key)), Either.right(json))

const childAt = (json: Json, key: string): Patched => {
  const child = isJsonObject(json)
    ? fieldOf(json, key)
    : isJsonArray(json) && isIndex(key)
    ? json[Number(key)]
    : undefined
  return child === undefined ? nowhere : Either.right(child)
}

const isIndex = (key: string): boolean => /^(?:0|[1-9]\d*)$/.test(key)

/** Changes the object or list that holds the last key of the path. */
const atParent = (json: Json, path: Path, change: (parent: Json, key: string) => Patched): Patched => {
  const [key, ...rest] = path
  if (key === undefined) {
    return nowhere
  }
  return rest.length === 0
    ? change(json, key)
    : childAt(json, key).pipe(
      Either.flatMap((child) => atParent(child, rest, change)),
      Either.map((child) => withChild(json, key, child))
    )
}

const withChild = (json: Json, key: string, child: Json): Json =>
  isJsonArray(json)
    ? json.map((item, i) => i === Number(key) ? child : item)
    : { ...(isJsonObject(json) ? json : {}), [key]: child }

const add = (json: Json, path: Path, value: Json): Patched =>
  path.length === 0 ? Either.right(value) : atParent(json, path, (parent, key) => {
    if (isJsonObject(parent)) {
      return Either.right({ ...parent, [key]: value })
    }
    if (!isJsonArray(parent) || !(key === "-" || isIndex(key)) || Number(key) > parent.length) {
      return nowhere
    }
    const index = key === "-" ? parent.length : Number(key)
    return Either.right([...parent.slice(0, index), value, ...parent.slice(index)])
  })

const remove = (json: Json, path: Path): Patched =>
  atParent(json, path, (parent, key) =>
    Either.map(childAt(parent, key), () =>
      isJsonArray(parent)
        ? parent.filter((_, i) => i !== Number(key))
        : Object.fromEntries(Object.entries(parent ?? {}).filter(([field]) => field !== key))))

const replace = (json: Json, path: Path, value: Json): Patched =>
  path.length === 0
    ? Either.right(value)
    : atParent(json, path, (parent, key) => Either.map(childAt(parent, key), () => withChild(parent, key, value)))

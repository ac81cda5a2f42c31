import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/**
 * Keeps the fields that the struct does not know. Schema assigns them one by one, and an assignment to `__proto__` is none:
 * it would give the record fields that nobody sent. So that one goes around it.
 */
export const withUnknownFields = <A extends object, I extends object>(
  struct: Schema.Schema<A, I>
): Schema.Schema<A, I> => {
  const preserving = struct.annotations({ parseOptions: { onExcessProperty: "preserve" } })
  return Schema.declare([preserving], {
    decode: (item) => around(ParseResult.decodeUnknown(item)),
    encode: (item) => around(ParseResult.encodeUnknown(item))
  })
}

type Parse<A> = ParseResult.DeclarationDecodeUnknown<A, never>

const key = "__proto__"

const around = <A extends object>(parse: ParseResult.DecodeUnknown<A, never>): Parse<A> => (u, options) => {
  const field = typeof u === "object" && u !== null ? Object.getOwnPropertyDescriptor(u, key) : undefined
  return field === undefined
    ? parse(u, options)
    : ParseResult.map(
      parse(Object.fromEntries(Object.entries(Object(u)).filter(([name]) => name !== key)), options),
      (parsed) => Object.defineProperty(parsed, key, field)
    )
}

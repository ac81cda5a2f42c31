import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Arr from "effect/Array"
import * as Order from "effect/Order"

const redacted = "<redacted>"

/** So long that a message with it and our own words around it fits on a screen (2 kB) in any script. */
const longestQuote = 400

/**
 * What others have said, fit for a message: on one line, so that it can forge no other line of a log, of bounded length, and
 * without secrets (C5): neither these nor what looks like any.
 */
export const quote = (said: string, secrets: ReadonlyArray<string> = [], longest = longestQuote): string =>
  shortened(onOneLine(withoutSecrets(said, secrets)), longest)

/** What a request has sent that its errors must not repeat: proxies have pages that show the headers of a request. */
export const secretsOf = ({ headers }: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> =>
  ["authorization", "proxy-authorization", "cookie"].flatMap((name) => {
    const value = headers[name]?.trim()
    return value === undefined || value === "" ? [] : [value, value.replace(/^\S+\s+/, "")]
  })

const withoutSecrets = (said: string, secrets: ReadonlyArray<string>): string => {
  const forms = Arr.sort(new Set(secrets.flatMap(formsOf)), longestFirst)
  return looksSecret.reduce(
    (text, [pattern, replacement]) => text.replace(pattern, replacement),
    forms.reduce((text, form) => text.replaceAll(patternOf(form), redacted), said)
  )
}

/** What holds another form goes before it. */
const longestFirst = Order.reverse(Order.mapInput(Order.number, (form: string) => form.length))

const leastWithinWords = 8
const leastPart = 16

/** A secret that is as short as a word counts only where it stands alone, or it would garble everything. */
const patternOf = (form: string): string | RegExp =>
  form.length >= leastWithinWords ? form : new RegExp(`(?<![\\w.-])${form.replace(/\W/g, "\\$&")}(?![\\w-])`, "g")

/** As it is, and as JSON, URLs, HTML and Base64 write it; and the parts of a JSON Web Token, its signature among them. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const base64 = Buffer.from(secret).toString("base64")
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    escapedForHtml(secret),
    base64,
    base64.replace(/=+$/, ""),
    Buffer.from(secret).toString("base64url"),
    ...secret.split(".").filter((part) => part.length >= leastPart)
  ]
}

const escapedForHtml = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;").replace(/'/g, "&#39;")

/** Quotes, and what stands for a colon or a space in JSON, URLs and HTML. */
const quotes = String.raw`(?:\s|["'\\]|%22|&quot;)*`
const colon = String.raw`(?:[:=]|%3[ad])`
const space = String.raw`(?:\s|[:="'\\+]|%2[02]|%3[ad]|&nbsp;|&quot;|&#\d+;)`
const word = String.raw`[^\s"'<,;&\\]+`

/** Each linear in the length of the text, whatever it is. */
const looksSecret: ReadonlyArray<readonly [RegExp, string]> = [
  // A JSON Web Token.
  [/(?:(?<![\w-])|(?<=%[\da-f]{2}))eyJ[\w-]*\.[\w-]+\.[\w-]*/gi, redacted],
  [new RegExp(String.raw`\b((?:set-)?cookie${quotes}${colon}${space}*)[^\r\n"<]+`, "gi"), `$1${redacted}`],
  [
    new RegExp(
      String
        .raw`\b((?:proxy-)?authorization${quotes}${colon}${space}*)(?:(?:bearer|basic|digest|negotiate)${space}+)?${word}`,
      "gi"
    ),
    `$1${redacted}`
  ],
  [new RegExp(String.raw`\b(bearer${space}+)${word}`, "gi"), `$1${redacted}`]
]

const onOneLine = (text: string): string => text.trim().replace(/\s+/g, " ").replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "\uFFFD")

/** The middle goes, for who speaks stands first and what is wrong often last. */
const shortened = (text: string, longest: number): string => {
  if (text.length <= longest) {
    return text
  }
  const begin = wholeCharacters(text.slice(0, Math.ceil(longest * 0.7)))
  const end = wholeCharacters(text.slice(-Math.floor(longest * 0.3)))
  return `${begin} […${text.length - begin.length - end.length} characters…] ${end}`
}

/** Without the half of a character at either end. */
const wholeCharacters = (text: string): string => text.replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, "")

import { assert, describe, it } from "vitest"
import { quote } from "../../../src/internal/base/quoting.js"

const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ3b3JrZXIifQ.c2lnbmF0dXJlLW9mLWl0"

describe("quote", () => {
  it("F62 C5 shows a token that was sent in none of its forms", () => {
    const secrets = [`opaque"token\\with&odd<characters>'`, token]
    for (const secret of secrets) {
      for (
        const form of [
          secret,
          JSON.stringify(secret),
          encodeURIComponent(secret),
          secret.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;")
            .replace(/'/g, "&#39;"),
          Buffer.from(secret).toString("base64"),
          Buffer.from(secret).toString("base64url")
        ]
      ) {
        const said = quote(`upstream saw ${form}, ${form}; and said no`, [secret])
        assert.match(said, /^upstream saw "?<redacted>"?, "?<redacted>"?; and said no$/)
      }
    }
    assert.strictEqual(quote(`signature ${token.split(".")[2]} is wrong`, [token]), "signature <redacted> is wrong")
  })

  it("F62 C5 shows nothing that looks like a secret, whoever's it is", () => {
    for (
      const said of [
        `token ${token} may not`,
        `x%20${token}%0d`,
        `Bearer abc.def`,
        `bearer%20abc.def`,
        `Authorization: Bearer&nbsp;abc.def`,
        `{"Authorization":"Bearer abc.def"}`,
        `{\\"authorization\\": \\"Basic abc.def\\"}`,
        `authorization=abc.def`,
        `Proxy-Authorization: Negotiate abc.def`,
        `Cookie: session=abc.def; other=abc.def`,
        `set-cookie: session=abc.def`
      ]
    ) {
      assert.include(quote(said), "<redacted>", said)
      assert.notMatch(quote(said), /abc\.def|eyJ/, said)
    }
  })

  it("C5 leaves prose alone", () => {
    for (
      const said of [
        "the authorization webhook says no",
        "this cookie is stale",
        "a token of 8 characters",
        `User "a" cannot get resource "leases"`
      ]
    ) {
      assert.strictEqual(quote(said), said)
    }
    // A token that is a word is one only where it stands alone.
    assert.strictEqual(quote("not at that t", ["t"]), "not at that <redacted>")
  })

  it("F61 takes the middle out of what is long, in time that grows with its length only", () => {
    const said = quote(`begin ${"x".repeat(4_000_000)} end`)
    assert.match(said, /^begin x+ \[…\d+ characters…\] x+ end$/)
    assert.isAtMost(said.length, 500)
    for (const piece of ["eyJ", "eyJ-", "eyJ.", "bearer ", "cookie:", "authorization ", "cookie ", "\"", "%20", " "]) {
      const startedAt = performance.now()
      quote(piece.repeat(1_000_000 / piece.length), [token])
      assert.isBelow(performance.now() - startedAt, 10_000, piece)
    }
  })
})

import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { assert } from "vitest"
import { failureFromAnswer } from "../../../src/internal/http/failure.js"
import type { Operation } from "../../../src/KubeError.js"
import { isKubeError } from "../../../src/KubeError.js"

const ref = { namespace: "default", name: "leader" }

const status = (code: number, reason: string, details?: object) => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  message: `the server says ${reason}`,
  reason,
  details,
  code
})

const failure = (code: number, body: unknown, operation: Operation = "get") =>
  failureFromAnswer(operation, ref, { status: code, body })

describe("failureFromAnswer", () => {
  it("gives each status its error", () => {
    for (
      const [code, tag] of [
        [400, "Invalid"],
        [401, "Unauthorized"],
        [403, "Forbidden"],
        [408, "Transient"],
        [409, "Conflict"],
        [410, "Transient"],
        [413, "Invalid"],
        [415, "Invalid"],
        [422, "Invalid"],
        [301, "Transient"],
        [429, "Transient"],
        [500, "Transient"],
        [503, "Transient"]
      ] as const
    ) {
      const error = failure(code, status(code, "Reason"))
      assert.strictEqual(error._tag, tag, String(code))
      assert.strictEqual(error.status, code)
      assert.strictEqual(error.reason, "Reason")
      assert.include(error.message, "default/leader")
      assert.include(error.message, "the server says Reason")
      assert.isTrue(isKubeError(error))
    }
  })

  it("F106 what the server says is not said twice", () => {
    const said = `forbidden: User "system:anonymous" cannot get path "/apis/x"`
    for (const body of [{ ...status(403, "Forbidden"), message: said }, said]) {
      assert.include(failure(403, body).message, `default/leader: ${said}. `)
    }
    assert.match(failure(403, "forbidden").message, /default\/leader: forbidden\. /)
    assert.match(failure(403, "").message, /default\/leader: forbidden\. /)
  })

  const prefix = `leases.coordination.k8s.io "leader" is forbidden: `
  const cannot = (user: string, what: string): string =>
    `${prefix}User "${user}" cannot ${what} in API group "coordination.k8s.io" in the namespace "default"`

  it("F23 Forbidden names the missing verb and where to get it", () => {
    for (const verb of ["get", "create", "patch", "delete", "watch"] as const) {
      const message = cannot("system:serviceaccount:default:worker", `${verb} resource "leases"`)
      const error = failure(403, { ...status(403, "Forbidden"), message }, verb)
      assert.include(error.message, message)
      assert.include(error.message, `"${verb}"`)
      assert.include(error.message, "rbac/")
    }
  })

  it("F63 a 403 that is not RBAC's advises no role", () => {
    const ofStatus = (message: string, details?: object) => ({ ...status(403, "Forbidden", details), message })
    const cases: ReadonlyArray<readonly [body: unknown, advice: RegExp]> = [
      [ofStatus(cannot("system:anonymous", `get resource "leases"`)), /no token that says who asks/],
      [ofStatus(cannot("", `get resource "leases"`)), /no token that says who asks/],
      [ofStatus(`forbidden: User "system:anonymous" cannot get path "/apis/x"`), /no token that says who asks/],
      [ofStatus(`${prefix}exceeded quota: objects, requested: count/leases=1, used: 5, limited: 5`), /ResourceQuota/],
      [
        ofStatus(`${prefix}unable to create new content in namespace default because it is being terminated`),
        /is being deleted/
      ],
      [ofStatus(`${prefix}no`, { causes: [{ reason: "NamespaceTerminating" }] }), /is being deleted/],
      [
        ofStatus(`admission webhook "validation.gatekeeper.sh" denied the request: label missing`),
        /webhook or a policy/
      ],
      [
        ofStatus(`admission webhook "w" denied the request: User "bob" cannot create resource "leases" unlabelled`),
        /webhook or a policy/
      ],
      [
        ofStatus(`${prefix}ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression`),
        /webhook or a policy/
      ],
      [ofStatus(cannot("me", `impersonate resource "users"`)), /kubectl auth can-i/],
      [ofStatus(`${prefix}not yet ready to handle request`), /kubectl auth can-i/],
      [ofStatus(""), /kubectl auth can-i/],
      ["RBAC: access denied", /no API server's answer/],
      ["<html>403 Forbidden</html>", /no API server's answer/],
      [{ error: "forbidden" }, /no API server's answer/],
      [{ message: cannot("me", `get resource "leases"`) }, /no API server's answer/],
      ["", /no API server's answer/]
    ]
    for (const [body, advice] of cases) {
      const error = failure(403, body)
      assert.strictEqual(error._tag, "Forbidden")
      assert.match(error.message, advice)
      assert.notMatch(error.message, /Grant|rbac\//, JSON.stringify(body))
    }
  })

  it("F61 no message, reason or cause is longer than a screen, nor forges a line of a log", () => {
    const long = "\u{1F512}漢\n\u001b[31m".repeat(2_000)
    const causes = Array.from({ length: 10_000 }, () => ({ field: long, message: long, reason: long }))
    for (const code of [400, 401, 403, 404, 409, 410, 422, 429, 500]) {
      for (const body of [{ ...status(code, long, { causes, name: long, kind: long }), message: long }, long]) {
        const error = failure(code, body)
        const shown = [error.message, "reason" in error ? error.reason ?? "" : ""]
        for (const text of shown) {
          assert.isAtMost(Buffer.byteLength(text), 2048)
          assert.notMatch(text, /[\p{Cc}\p{Cs}\u2028\u2029]/u)
        }
        assert.include(error.message, "characters…]", "says that there was more")
        const told = error._tag === "Invalid" ? error.causes : []
        assert.isAtMost(JSON.stringify(told).length, 20_000)
        assert.isTrue(told.length === 0 || told.at(-1)?.message === "and 9984 more")
      }
    }
  })

  it("F61 a Retry-After of no sense is none, and none is longer than an hour", () => {
    const asked = (retryAfterSeconds: unknown) =>
      failure(429, status(429, "TooManyRequests", { retryAfterSeconds })).retryAfter
    for (const nonsense of [NaN, -1, "7", null, {}]) {
      assert.isUndefined(asked(nonsense), String(nonsense))
    }
    for (const absurd of [1e9, 1e308, Infinity]) {
      assert.deepEqual(asked(absurd), Duration.hours(1))
    }
    assert.deepEqual(asked(0), Duration.zero)
  })

  it("F38 only this very lease's own 404 is NotFound", () => {
    assert.strictEqual(failure(404, status(404, "NotFound", { kind: "leases", name: "leader" }))._tag, "NotFound")
    for (
      const body of [
        status(404, "NotFound", {}),
        status(404, "NotFound", { kind: "leases", name: "other" }),
        status(404, "NotFound", { kind: "pods", name: "leader" }),
        status(404, "NotFound", { kind: "namespaces", name: "default" }),
        "404 page not found",
        ""
      ]
    ) {
      assert.strictEqual(failure(404, body)._tag, "Transient", JSON.stringify(body))
    }
  })

  it("A1 a create in a missing namespace says so", () => {
    const error = failure(404, status(404, "NotFound", { kind: "namespaces", name: "default" }), "create")
    assert.strictEqual(error._tag, "NotFound")
    assert.propertyVal(error, "kind", "namespaces")
    assert.match(error.message, /no such namespace/)
  })

  it("Invalid lists what is wrong", () => {
    const causes = [{
      field: "spec.leaseDurationSeconds",
      message: "must be greater than 0",
      reason: "FieldValueInvalid"
    }]
    const error = failure(422, status(422, "Invalid", { causes }))
    assert.deepPropertyVal(error, "causes", [{
      field: "spec.leaseDurationSeconds",
      message: "must be greater than 0"
    }])
  })

  it("R5 Retry-After of the header goes before that of the body", () => {
    const body = status(429, "TooManyRequests", { retryAfterSeconds: 7 })
    assert.deepEqual(failure(429, body).retryAfter, Duration.seconds(7))
    assert.deepEqual(
      failureFromAnswer("get", ref, { status: 429, body, retryAfter: Duration.seconds(2) }).retryAfter,
      Duration.seconds(2)
    )
    assert.isUndefined(failure(429, "Too many requests, please try again later.").retryAfter)
  })

  it("other errors of these names are no KubeError", () => {
    assert.isFalse(isKubeError({ _tag: "Forbidden" }))
    assert.isFalse(isKubeError(new Error("Forbidden")))
    assert.isFalse(isKubeError(undefined))
  })
})

import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { assert } from "vitest"
import { failureFromAnswer } from "../src/internal/failure.js"
import type { Operation } from "../src/KubeError.js"
import { isKubeError } from "../src/KubeError.js"

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

  it("F23 Forbidden names the missing verb and where to get it", () => {
    const error = failure(403, status(403, "Forbidden"), "patch")
    assert.include(error.message, `"patch"`)
    assert.include(error.message, "rbac/")
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

import { assert, describe, it } from "@effect/vitest"
import { datedByDryRun, dryRunManager, dryRunPatch } from "../../../src/internal/http/dryRun.js"
import { serverVersionFrom } from "../../../src/internal/http/serverVersion.js"

const [annotation = ""] = Object.keys(dryRunPatch().metadata.annotations)

/** The entry that a server makes of a dry run at 06:00. */
const entry = (changes: object = {}) => ({
  manager: dryRunManager,
  operation: "Update",
  apiVersion: "coordination.k8s.io/v1",
  time: "2026-11-22T06:00:00Z",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:metadata": { "f:annotations": { ".": {}, [`f:${annotation}`]: {} } } },
  ...changes
})

const holder = entry({ manager: "kubernetes-lease", fieldsV1: { "f:spec": { "f:renewTime": {} } } })

const timeIn = (managedFields: ReadonlyArray<unknown> | undefined) =>
  datedByDryRun({ metadata: { namespace: "default", name: "leader", resourceVersion: "7", managedFields } })
    .serverTimeMillis

describe("the server's time in the answer to a dry run", () => {
  it("E2 is that of the entry of the dry run's own manager", () => {
    const sixOClock = Date.UTC(2026, 10, 22, 6)
    assert.strictEqual(timeIn([entry()]), sixOClock)
    assert.strictEqual(timeIn([holder, entry({ time: "2026-11-22T07:00:00+01:00" }), holder]), sixOClock)
  })

  for (
    const [what, managedFields] of [
      ["no managedFields", undefined],
      ["no entry", []],
      ["no entry of its manager", [holder]],
      ["an entry of its manager that owns something else", [entry({ fieldsV1: holder.fieldsV1 })]],
      ["an entry of its manager that owns another annotation", [
        entry({ fieldsV1: { "f:metadata": { "f:annotations": { "f:example.com/note": {} } } } })
      ]],
      ["an entry of its manager by server-side apply", [entry({ operation: "Apply" })]],
      ["two entries of its manager", [entry(), entry({ subresource: "status", time: "2030-01-01T00:00:00Z" })]],
      ["an entry of its manager without a time", [entry({ time: undefined })]],
      ["one whose time is no text", [entry({ time: 1 })]],
      ["one whose time is no time", [entry({ time: "soon" })]],
      ["the annotation in another's hands", [entry({ manager: "somebody" })]],
      ["inherited names only", [entry({ fieldsV1: JSON.parse(`{"__proto__":{"f:metadata":{}}}`) })]],
      ["what is no entry", [null, 1, "x", []]]
    ] as const
  ) {
    it(`E2 is unknown from ${what}`, () => {
      assert.isUndefined(timeIn(managedFields))
    })
  }

  it("each dry run changes something in any record, also in one that another has left", () => {
    const values = Array.from({ length: 100 }, () => JSON.stringify(dryRunPatch()))
    assert.strictEqual(new Set(values).size, 100)
    // A DNS subdomain and a qualified name, or the server refuses it.
    assert.match(annotation, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/)
  })
})

describe("F91 the server's version", () => {
  for (
    const [major, minor, expected] of [
      ["1", "36", [1, 36]],
      ["1", "20", [1, 20]],
      ["1", "27+", [1, 27]],
      ["1", "28-gke.100", [1, 28]],
      ["1+", "30+", [1, 30]],
      ["1", "", undefined],
      ["", "27", undefined],
      ["1", "+27", undefined],
      ["1", "x", undefined],
      ["v1", "27", undefined],
      ["1", "1".repeat(400), undefined],
      [1, 27, undefined],
      [undefined, "27", undefined]
    ] as const
  ) {
    it(`major ${JSON.stringify(major)} and minor ${JSON.stringify(minor)?.slice(0, 20)} are ${expected?.join(".")}`, () => {
      const [expectedMajor, expectedMinor] = expected ?? []
      assert.deepStrictEqual(
        serverVersionFrom({ major, minor, gitVersion: "v9.9.9" }),
        expectedMajor === undefined || expectedMinor === undefined
          ? undefined
          : { major: expectedMajor, minor: expectedMinor }
      )
    })
  }

  it("is in no other JSON", () => {
    for (const body of [undefined, null, 1, "1.27", [], {}, { gitVersion: "v1.27.0" }]) {
      assert.isUndefined(serverVersionFrom(body))
    }
  })
})

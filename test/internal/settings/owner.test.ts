import { assert, describe, it } from "vitest"
import { uniqueOwner } from "../../../src/internal/settings/defaultOwner.js"
import { ownerFaults } from "../../../src/internal/settings/owner.js"

const absent = undefined

describe("ownerFaults", () => {
  for (
    const owner of [
      `${absent}_${absent}`,
      `${absent}-7`,
      `pod-1_${absent}`,
      `app/${null}`,
      `${Number(absent)}`,
      `${{}}`,
      "${POD_NAME}",
      "$(POD_NAME)",
      "$POD_NAME",
      "{{ .Values.owner }}",
      "%POD_NAME%",
      "_",
      "_uid",
      "pod-1_",
      "-pod",
      " pod"
    ]
  ) {
    it(`F100 ${JSON.stringify(owner)} shows that a variable was not set`, () => {
      const [fault, ...others] = ownerFaults("owner", owner)
      assert.isEmpty(others)
      assert.match(String(fault?.expected), /variable/)
    })
  }

  for (const owner of [absent, null, 1, {}, "", "a\nb", "a".repeat(254)]) {
    it(`${JSON.stringify(owner)?.slice(0, 20)} is no owner`, () => {
      assert.match(String(ownerFaults("owner", owner)[0]?.expected), /^1 to 253 printable characters/)
    })
  }

  for (
    const owner of [
      "a",
      "pod-abc-1",
      "pod-abc-1_8f14e45f-ceea-467f-a9a3-7f3b8a1e0b1c",
      "Änne's Laptop",
      "nullable-undefinedness",
      "10.0.0.1:8080",
      "a__b",
      "a".repeat(253)
    ]
  ) {
    it(`${owner.slice(0, 50)} is an owner`, () => {
      assert.isEmpty(ownerFaults("owner", owner))
    })
  }
})

describe("uniqueOwner", () => {
  it("names the pod where the environment tells it, and is an owner that nobody else has", () => {
    const env = { POD_NAME: "pod-1", HOSTNAME: "host" }
    const owners = [uniqueOwner(env), uniqueOwner(env)]
    assert.strictEqual(new Set(owners).size, 2)
    for (const owner of owners) {
      assert.match(owner, /^pod-1_[\da-f-]{36}$/)
      assert.isEmpty(ownerFaults("owner", owner))
    }
  })

  for (const POD_NAME of ["", "$(POD_NAME)", "undefined", "\n", absent]) {
    it(`F100 takes the host's name for a pod's that is ${JSON.stringify(POD_NAME)}`, () => {
      assert.match(uniqueOwner({ POD_NAME, HOSTNAME: "host" }), /^host_/)
      assert.match(uniqueOwner({ POD_NAME }), /^.+_[\da-f-]{36}$/)
    })
  }

  it("keeps to the length of an owner", () => {
    assert.isEmpty(ownerFaults("owner", uniqueOwner({ POD_NAME: "a".repeat(253) })))
  })
})

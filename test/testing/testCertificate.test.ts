import { createPrivateKey, X509Certificate } from "node:crypto"
import { assert, describe, it } from "vitest"
import { certificate, privateKey } from "../../src/testing/internal/testCertificate.js"

describe("the certificate of TestApiServer", () => {
  it("F67 is a leaf for loopback that can sign nothing, for its private key is in everybody's hands", () => {
    const x509 = new X509Certificate(certificate)
    assert.isTrue(x509.checkPrivateKey(createPrivateKey(privateKey)))
    assert.isFalse(x509.ca)
    assert.strictEqual(x509.subjectAltName, "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1")
    // digitalSignature, and no keyCertSign: of the extension's bits only the first is set.
    assert.include(x509.raw.toString("hex"), "0603551d0f0101ff040403020780")
    assert.isBelow(Date.parse(x509.validFrom), Date.parse("1970-01-02"))
    assert.isAbove(Date.parse(x509.validTo), Date.parse("2084-01-01"))
  })
})

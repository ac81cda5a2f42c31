/**
 * The certificate of `TestApiServer` and its private key, the same in every copy of this package: whoever trusts the
 * certificate trusts everybody who says to be localhost, and nobody else, for it is a leaf that may sign nothing. For tests
 * on loopback only. Made once by openssl; valid for localhost, 127.0.0.1 and ::1 from 1970 to 2084, so that no clock of a
 * test runs out of it.
 */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIB5zCCAY2gAwIBAgIBAjAKBggqhkjOPQQDAjA5MTcwNQYDVQQDDC5rdWJlcm5l
dGVzLWxlYXNlIFRlc3RBcGlTZXJ2ZXIgKHRlc3QgdXNlIG9ubHkpMCAXDTcwMDEw
MTAwMDAwMFoYDzIwODQwMTI5MTYwMDAwWjA5MTcwNQYDVQQDDC5rdWJlcm5ldGVz
LWxlYXNlIFRlc3RBcGlTZXJ2ZXIgKHRlc3QgdXNlIG9ubHkpMFkwEwYHKoZIzj0C
AQYIKoZIzj0DAQcDQgAEanYwsI27sSeBl7+U7D5EwxSN7PPOu1MaSISR7RNtZ7oo
dqFSmrLCcuw62qk3e709wibRl6FgF7t0yiWxr2cBo6OBgzCBgDAMBgNVHRMBAf8E
AjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4E
FgQU9o0yFHALazM6ByiXEQNCN11EthwwLAYDVR0RBCUwI4IJbG9jYWxob3N0hwR/
AAABhxAAAAAAAAAAAAAAAAAAAAABMAoGCCqGSM49BAMCA0gAMEUCIAjSMrwxl2BO
jd5je8cl2Id25zcuCXoS41tOn+NeAMbyAiEAm/xjSjfE7TozvWeN6ZNPddLJ2j+4
PeegYcpot2UY9eU=
-----END CERTIFICATE-----
`

export const privateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDBA1ps7emc5pc/TM
nBhiyarYCJVj3rKtDZ4kV7vgOauhRANCAARqdjCwjbuxJ4GXv5TsPkTDFI3s8867
UxpIhJHtE21nuih2oVKassJy7DraqTd7vT3CJtGXoWAXu3TKJbGvZwGj
-----END PRIVATE KEY-----
`

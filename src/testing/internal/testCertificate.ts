/**
 * The certificate of `TestApiServer` and its private key, the same in every copy of this package: whoever trusts the
 * certificate trusts everybody. For tests on loopback only. Made once by openssl; valid for localhost, 127.0.0.1 and
 * ::1 from 1970 to 2084, so that no clock of a test runs out of it.
 */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIB6zCCAZCgAwIBAgIBATAKBggqhkjOPQQDAjA5MTcwNQYDVQQDDC5rdWJlcm5l
dGVzLWxlYXNlIFRlc3RBcGlTZXJ2ZXIgKHRlc3QgdXNlIG9ubHkpMCAXDTcwMDEw
MTAwMDAwMFoYDzIwODQwMTI5MTYwMDAwWjA5MTcwNQYDVQQDDC5rdWJlcm5ldGVz
LWxlYXNlIFRlc3RBcGlTZXJ2ZXIgKHRlc3QgdXNlIG9ubHkpMFkwEwYHKoZIzj0C
AQYIKoZIzj0DAQcDQgAEMhO+vOjTQprrwCWAl/UoUtNcsSFrZHYPevlI0YqfurOp
VpOsx9W72AM0vC2pn+N5rK51EgwfAwUOIUR6IEHnVKOBhjCBgzAPBgNVHRMBAf8E
BTADAQH/MA4GA1UdDwEB/wQEAwIChDATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNV
HQ4EFgQUnOvKvWXmeAlQ3HetQDvzEVkFMp0wLAYDVR0RBCUwI4IJbG9jYWxob3N0
hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMAoGCCqGSM49BAMCA0kAMEYCIQCCd+2C
U24vPZmr092AmnAQpjn529ng7I6aGGXYI5SaxgIhALLEe/8xK+TJ0HjRD/4+7P+E
5fE5xA0O+sZ2b6+Jtsmv
-----END CERTIFICATE-----
`

export const privateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQdy0MnAR6ADzNMZ2
8u+HPYBHIlz5Soygc+EZLvHnLm2hRANCAAQyE7686NNCmuvAJYCX9ShS01yxIWtk
dg96+UjRip+6s6lWk6zH1bvYAzS8Lamf43msrnUSDB8DBQ4hRHogQedU
-----END PRIVATE KEY-----
`

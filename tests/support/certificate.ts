/**
 * A certificate for tests with TLS, made by `openssl ca -selfsign`. Nobody trusts it outside of them.
 *
 * @module
 */

/** The certificate, for the name `hooks.example` and the address 127.0.0.1, from 2020 until 2120. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdDCCARmgAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1ob29rcy5l
eGFtcGxlMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAYMRYwFAYD
VQQDDA1ob29rcy5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYkX1
nW7VAFd5dLt4rWR5gWY/Tq3DK2RnsW/UYkqkwEtT62d5VMNy+lpa6tueVjPDo4s6
seKdRYE6OFY9SU207aNSMFAwDwYDVR0TAQH/BAUwAwEB/zAeBgNVHREEFzAVgg1o
b29rcy5leGFtcGxlhwR/AAABMB0GA1UdDgQWBBS2Lgd/ow0H3qgusleXy0Mr5yby
8jAKBggqhkjOPQQDAgNJADBGAiEA8Q5pbChMnhjWhVDJHUTCFvu5/0HAXg+PjB7F
noNmUzkCIQD8DDIgPrY4IrkxSkRHTm6wpg+xm46xS91jx4WqjrVLMg==
-----END CERTIFICATE-----
`;

/** Its key. */
export const CERTIFICATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3C1ORsASxs+yYGwZ
BNoXLOwE6IUI8edUtj7y+7dBelWhRANCAARiRfWdbtUAV3l0u3itZHmBZj9OrcMr
ZGexb9RiSqTAS1PrZ3lUw3L6Wlrq255WM8Ojizqx4p1FgTo4Vj1JTbTt
-----END PRIVATE KEY-----
`;

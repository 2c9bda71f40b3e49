import { checkTargetUrl, readTarget } from "../../../data/notify/target_url.ts";
import { assertEquals } from "../../support/assert.ts";

const SCHEME = "must be a URL that begins with https:// or http://";

Deno.test("checkTargetUrl() refuses every spelling of an address that is not public", () => {
  const spellings = [
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "http://127.0.0.1./",
    "http://2130706433/", // decimal
    "http://0x7f000001/", // hexadecimal
    "http://017700000001/", // octal
    "http://0177.0.0.1/",
    "http://0x7f.1/",
    "http://127.1/", // short
    "http://0/",
    "http://%31%32%37.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "https://10.0.0.1/",
    "https://localhost/",
    "https://LOCALHOST:8443/",
    "https://localhost./",
    "https://loc%61lhost/",
    "https://deep.down.localhost/",
  ];
  assertEquals(spellings.filter((url) => checkTargetUrl(url, false) === null), []);
  assertEquals(spellings.filter((url) => checkTargetUrl(url, true) !== null), []);
});

Deno.test("checkTargetUrl() says what is wrong", () => {
  const cases: [string, string][] = [
    ["http://2130706433/", "127.0.0.1 is a loopback address"],
    ["https://hooks.localhost/", "hooks.localhost is a name of this machine"],
    ["ftp://example.com/", SCHEME],
    ["javascript:alert(1)", SCHEME],
    ["file:///etc/passwd", SCHEME],
    ["example.com/hook", SCHEME],
    ["http:example.com", SCHEME],
    ["http:\\\\example.com\\", SCHEME],
    [" https://example.com/", SCHEME],
    ["https://exa\nmple.com/", SCHEME],
    ["https://exa mple.com/", SCHEME],
    ["https://", SCHEME],
    ["https://256.1.1.1/", SCHEME],
    ["https://999999999999/", SCHEME],
    ["https://example.com:65536/", SCHEME],
    ["https://[fe80::1%25eth0]/", SCHEME],
    ["", SCHEME],
    ["https://user@example.com/", "must not have a user or password"],
    ["https://:secret@example.com/", "must not have a user or password"],
    ["https://example.com:0/", "must not have port 0"],
    [`https://example.com/${"x".repeat(2_029)}`, "must have at most 2048 characters"],
  ];
  for (const [url, problem] of cases) assertEquals(checkTargetUrl(url, false), problem, url);
  for (const [url, problem] of cases.slice(2)) {
    assertEquals(checkTargetUrl(url, true), problem, url);
  }
});

Deno.test("checkTargetUrl() allows public targets at any port", () => {
  for (
    const url of [
      "https://example.com",
      "http://example.com:8080/hook?token=1#part",
      "https://bücher.example/hook",
      "https://a_b.example.com/",
      "https://8.8.8.8/",
      "https://[2606:4700:4700::1111]:8443/",
      "https://notlocalhost/",
      "https://localhost.example.com/",
      `https://example.com/${"x".repeat(2_028)}`,
    ]
  ) assertEquals(checkTargetUrl(url, false), null, url);
});

Deno.test("readTarget() splits a URL into what a request needs", () => {
  assertEquals(readTarget("https://EXAMPLE.com./a/../b?c=d e".replace(" ", "%20") + "#f"), {
    isTls: true,
    host: "example.com.",
    isAddress: false,
    port: 443,
    hostHeader: "example.com.",
    path: "/b?c=d%20e",
  });
  assertEquals(readTarget("http://[::1]:8080"), {
    isTls: false,
    host: "::1",
    isAddress: true,
    port: 8080,
    hostHeader: "[::1]:8080",
    path: "/",
  });
});

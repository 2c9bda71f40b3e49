import { isLoopback } from "../../data/access_settings.ts";
import { readSettings } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";

const ADMIN_KEY = `ow_admin_${"A".repeat(43)}`;
const OIDC = { AUTH: "oidc", OIDC_ISSUER: "https://login.example", OIDC_AUDIENCE: "openwatts" };

function problemsOf(environment: Record<string, string>): readonly string[] {
  const result = readSettings(environment);
  return "problems" in result ? result.problems : [];
}

function accessOf(environment: Record<string, string>) {
  const result = readSettings(environment);
  assert("settings" in result, JSON.stringify(result));
  return result.settings.access;
}

Deno.test("readSettings() refuses a HOST that others can reach unless AUTH or ALLOW_ANONYMOUS allows it", () => {
  for (const HOST of ["0.0.0.0", "::", "192.168.1.5", "node-1.example.com", "128.0.0.1", "::2"]) {
    for (const AUTH of ["", "off"]) {
      assertEquals(problemsOf({ HOST, AUTH }), [
        `HOST=${HOST} lets other machines connect, and AUTH is off: set AUTH=keys to require keys, ` +
        "or ALLOW_ANONYMOUS=true to let everyone who reaches the service read, write and delete",
      ]);
      assertEquals(problemsOf({ HOST, AUTH, ALLOW_ANONYMOUS: "true" }), []);
    }
    assertEquals(problemsOf({ HOST, AUTH: "keys" }), []);
    assertEquals(problemsOf({ HOST, ...OIDC }), []);
    // A worker does not listen.
    assertEquals(problemsOf({ HOST, ROLE: "worker" }), []);
    assertEquals(problemsOf({ HOST, ROLE: "api", ALLOW_ANONYMOUS: "false" }).length, 1);
  }
  for (const HOST of ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "a.localhost", "::1"]) {
    assertEquals(problemsOf({ HOST }), [], HOST);
  }
});

Deno.test("isLoopback() knows each way to write an address of this machine, and names that stand for one", () => {
  const own = ["127.1", "2130706433", "0x7f.0.0.1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "[::1]"];
  for (const host of own) assert(isLoopback(host), host);
  const others = ["0", "127.0.0.1.example", "localhost.example", "::ffff:10.0.0.1", "", "a b"];
  for (const host of others) assert(!isLoopback(host), host);
});

Deno.test("readSettings() reports settings of access that contradict each other, with everything else", () => {
  assertEquals(problemsOf({ AUTH: "keys", ALLOW_ANONYMOUS: "true", PORT: "x" }), [
    'PORT must be a whole number of 0 to 65535: "x"',
    "ALLOW_ANONYMOUS must not be true with AUTH=keys: remove one of them",
  ]);
  assertEquals(problemsOf({ ADMIN_KEY }), ["ADMIN_KEY needs AUTH=keys, but AUTH is off"]);
  assertEquals(problemsOf({ ...OIDC, ADMIN_KEY }), ["ADMIN_KEY needs AUTH=keys, but AUTH is oidc"]);
  assertEquals(problemsOf({ AUTH: "keys", OIDC_ISSUER: "https://login.example" }), [
    "OIDC_ISSUER needs AUTH=oidc, but AUTH is keys",
  ]);
  assertEquals(problemsOf({ AUTH: "keys,oidc" }), [
    "OIDC_ISSUER must be set, as AUTH has oidc",
    "OIDC_AUDIENCE must be set, as AUTH has oidc",
  ]);
});

Deno.test("readSettings() says what is wrong with OIDC_MAPPING", () => {
  const OIDC_MAPPING = '[{"scopes":["all"]},{"meters":["a"]}]';
  assertEquals(problemsOf({ ...OIDC, OIDC_MAPPING }), [
    "OIDC_MAPPING must be a list of rules as JSON: rule 1: scopes: 0: a scope is read, export, " +
    "ingest, import, manage, metrics, admin",
    "OIDC_MAPPING must be a list of rules as JSON: rule 2: a rule has scopes or scopes_from",
  ]);
});

Deno.test("readSettings() rejects each of these values of access, and shows no secret", () => {
  const wrong: Record<string, string[]> = {
    AUTH: ["on", "KEYS", "off,keys", "keys,,none", ","],
    ALLOW_ANONYMOUS: ["yes", "1"],
    ADMIN_KEY: [
      "secret",
      `ow_admin_${"A".repeat(42)}`,
      `ow_admin_${"A".repeat(129)}`,
      `ow_Admin_${"A".repeat(43)}`,
      `ow__${"A".repeat(43)}`,
      `ow_admin_${"A".repeat(42)}=`,
    ],
    PUBLIC_URL: [
      "watts.example",
      "https://watts.example/below",
      "ftp://a",
      "https://u@a",
      "https://",
    ],
    OIDC_ISSUER: [
      "login.example",
      "http://login.example",
      "https://login.example?a=b",
      "https://login.example#a",
      "https://u:p@login.example",
    ],
    OIDC_JWKS_URL: ["http://login.example/keys", "/keys", "https://login.example/keys#a"],
    OIDC_AUDIENCE: [",", " , "],
    OIDC_ALGORITHMS: ["HS256", "none", "RS256,HS512", "rs256", ","],
    OIDC_CLOCK_SKEW_SECONDS: ["-1", "301", "1.5"],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const [problem, ...others] = problemsOf({ [name]: value });
      assertEquals(others, [], name);
      assert(problem.startsWith(`${name} must be `), `${name}: ${problem}`);
      const shown = name === "ADMIN_KEY" ? "(not shown)" : JSON.stringify(value);
      assert(problem.endsWith(`: ${shown}`), problem);
    }
  }
});

Deno.test("readSettings() accepts each of these values of access", () => {
  const right: Record<string, string[]> = {
    PUBLIC_URL: ["https://watts.example", "http://10.0.0.1:8000/", "https://[::1]:8443"],
    OIDC_ISSUER: ["https://login.example/a/b/", "http://127.0.0.1:9000", "http://localhost/x"],
    OIDC_JWKS_URL: ["http://[::1]:9000/keys", "https://login.example/keys?a=b"],
    OIDC_ALGORITHMS: ["PS384, EdDSA", "Ed25519"],
    OIDC_CLOCK_SKEW_SECONDS: ["0", "300"],
  };
  for (const [name, values] of Object.entries(right)) {
    for (const value of values) accessOf({ ...OIDC, [name]: value });
  }
  assertEquals(accessOf({ AUTH: " keys , keys " }).hasKeys, true);
  assertEquals(accessOf({ ...OIDC, AUTH: "keys,oidc" }).hasKeys, true);
  assertEquals(accessOf({ ...OIDC, OIDC_ISSUER: "https://a.example/" }).oidc?.algorithms, [
    "RS256",
    "PS256",
    "ES256",
    "EdDSA",
  ]);
});

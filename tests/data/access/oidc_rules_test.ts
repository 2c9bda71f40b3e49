import {
  type Claims,
  claimValues,
  DEFAULT_OIDC_RULES,
  grantOf,
  type OidcRule,
  parseOidcRules,
} from "../../../data/access/oidc_rules.ts";
import type { Scope } from "../../../data/access/scopes.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const EVERY = { meter: null, device: null, store: null };

function rulesOf(...wire: unknown[]): readonly OidcRule[] {
  const parsed = parseOidcRules(JSON.stringify(wire));
  assert("rules" in parsed, JSON.stringify(parsed));
  return parsed.rules;
}

function problemsOf(text: string): readonly string[] {
  const parsed = parseOidcRules(text);
  assert("problems" in parsed, text);
  return parsed.problems;
}

Deno.test("without rules, the words of scope and scp that begin with openwatts: are scopes", () => {
  const cases: [Claims, Scope[]][] = [
    [{ scope: "openid openwatts:read  openwatts:import" }, ["read", "import"]],
    [{ scp: ["openwatts:admin", "mail"] }, ["admin"]],
    [{ scp: "openwatts:ingest mail" }, ["ingest"]],
    [{ scope: "openid", scp: "openwatts:read" }, ["read"]],
    // The first rule that holds counts alone.
    [{ scope: "openwatts:read", scp: ["openwatts:admin"] }, ["read"]],
  ];
  for (const [claims, scopes] of cases) {
    assertEquals(grantOf(DEFAULT_OIDC_RULES, claims), { scopes, patterns: EVERY });
  }
  const none: Claims[] = [
    {},
    { scope: "read" },
    { scope: "openwatts:reads OPENWATTS:READ openwatts:" },
    { scope: { "openwatts:read": true } },
    { scope: null },
    { roles: ["openwatts:read"] },
  ];
  for (const claims of none) assertEquals(grantOf(DEFAULT_OIDC_RULES, claims), null);
});

Deno.test("a rule holds if each claim of when has one of its values", () => {
  const rules = rulesOf({
    when: { groups: ["ops", "energy"], email_verified: true, level: 3 },
    scopes: ["manage"],
  });
  const right = { groups: ["a", "energy"], email_verified: true, level: 3 };
  assertEquals(grantOf(rules, right)?.scopes, ["manage"]);
  const wrong: Claims[] = [
    { ...right, groups: ["a"] },
    { ...right, groups: "op" },
    { ...right, email_verified: false },
    { ...right, level: 30 },
    { email_verified: true, level: 3 },
  ];
  for (const claims of wrong) assertEquals(grantOf(rules, claims), null, JSON.stringify(claims));
});

Deno.test("the first rule that holds and gives a scope counts alone: rights of two are not added up", () => {
  const rules = rulesOf(
    { when: { roles: "none" }, scopes_from: "permissions" },
    { when: { roles: "site-a" }, scopes: ["manage"], meters: ["site-a.*"] },
    { scopes: ["read"] },
  );
  assertEquals(grantOf(rules, { roles: ["none", "site-a"] }), {
    scopes: ["manage"],
    patterns: { ...EVERY, meter: ["site-a.*"] },
  });
  assertEquals(grantOf(rules, {}), { scopes: ["read"], patterns: EVERY });
});

Deno.test("a rule may name scopes and take others from a claim", () => {
  const rules = rulesOf({ scopes: ["read"], scopes_from: "resource_access.ow.roles" });
  const claims = { resource_access: { ow: { roles: ["export", "read", "fly"] } } };
  assertEquals(grantOf(rules, claims)?.scopes, ["read", "export"]);
});

Deno.test("patterns take the values of claims in the place of {claim}", () => {
  const rules = rulesOf({
    scopes: ["read"],
    meters: ["{tenant}.{site}.*", "shared"],
    devices: ["{tenant}-*"],
  });
  assertEquals(grantOf(rules, { tenant: ["t1", "t2"], site: ["a", "b"] })?.patterns, {
    meter: ["t1.a.*", "t1.b.*", "t2.a.*", "t2.b.*", "shared"],
    device: ["t1-*", "t2-*"],
    store: null,
  });
});

Deno.test("a value of a claim cannot widen a pattern, and a rule whose list stays empty does not hold", () => {
  const rules = rulesOf({ scopes: ["read"], meters: ["{tenant}.*"] });
  for (const tenant of ["*", "a*", "", "a b", "{sub}", "a/b", "x".repeat(65), null, {}, []]) {
    assertEquals(grantOf(rules, { tenant, sub: "s" }), null, JSON.stringify(tenant));
  }
  assertEquals(grantOf(rules, { tenant: ["*", "a"] })?.patterns.meter, ["a.*"]);
  // With the claim filled in, it is longer than a pattern may be.
  assertEquals(grantOf(rules, { tenant: "x".repeat(63) }), null);
});

Deno.test("values of when count with their types", () => {
  const cases: [unknown, unknown][] = [[true, "true"], ["true", true], [3, "3"], ["3", 3]];
  for (const [wanted, claim] of cases) {
    const rules = rulesOf({ when: { a: wanted }, scopes: ["read"] });
    assertEquals(grantOf(rules, { a: claim }), null);
    assertEquals(grantOf(rules, { a: [claim, wanted] })?.scopes, ["read"]);
  }
});

Deno.test("a condition named __proto__ is refused: left out, its rule would hold for everyone", () => {
  for (
    const text of [
      '[{"when":{"__proto__":"x"},"scopes":["admin"]}]',
      '[{"scopes":["read"]},{"when":{"a":"b","\\u005f_proto__":"x"},"scopes":["admin"]}]',
      '[{"__proto__":{"when":{"a":"b"}},"scopes":["admin"]}]',
    ]
  ) assertEquals(problemsOf(text), ["nothing in it can have the name __proto__"], text);
});

Deno.test("claims fill the patterns of a kind until there are 100, besides those without claims", () => {
  const ids = Array.from({ length: 100 }, (_, index) => `m${index}`);
  const claims = { a: ids, b: ids, c: ids, long: ids.map((id) => id.padEnd(64, "x")) };
  const of = (...meters: string[]) =>
    grantOf(rulesOf({ scopes: ["read"], meters }), claims)?.patterns.meter;
  // 100³ patterns would take a second.
  assertEquals(of("{a}.{b}.{c}"), ids.map((id) => `m0.m0.${id}`));
  assertEquals(of("{a}.{b}", "{c}", "fixed")?.slice(98), ["m0.m98", "fixed"]);
  assertEquals(of("{a}.{long}", "fixed"), ["fixed"]);
  const many = Array.from({ length: 101 }, (_, index) => `m${index}`);
  assertEquals(problemsOf(JSON.stringify([{ scopes: ["read"], stores: many }])), [
    "rule 1: stores: a list has at most 100 items",
  ]);
});

Deno.test("a claim fills a pattern with its first 100 values", () => {
  const rules = rulesOf({ scopes: ["read"], meters: ["{ids}"] });
  const ids = Array.from({ length: 101 }, (_, index) => `m${index}`);
  assertEquals(grantOf(rules, { ids })?.patterns.meter, ids.slice(0, 100));
});

Deno.test("dots in the name of a claim lead into objects, unless a claim has that whole name", () => {
  const claims = {
    "https://a.example/roles": ["whole"],
    realm_access: { roles: ["nested"] },
    "a.b": "whole",
    a: { b: "nested" },
    text: "abc",
  };
  assertEquals(claimValues(claims, "https://a.example/roles"), ["whole"]);
  assertEquals(claimValues(claims, "realm_access.roles"), ["nested"]);
  assertEquals(claimValues(claims, "a.b"), ["whole"]);
  for (
    const name of ["text.length", "realm_access", "realm_access.x", "constructor", "__proto__"]
  ) {
    assertEquals(claimValues(claims, name), [], name);
  }
});

Deno.test("parseOidcRules() lists everything that is wrong, with the number of the rule", () => {
  assertEquals(problemsOf("[{"), ["it is not valid JSON"]);
  assertEquals(problemsOf("{}"), ["it is a list of rules"]);
  assertEquals(problemsOf("[]"), ["it is a list of rules"]);
  const scopes = "a scope is read, export, ingest, import, manage, metrics, admin";
  const pattern = "a pattern has 1 to 64 characters of A-Z a-z 0-9 _ . : - and * for any run of " +
    "characters, and {CLAIM} for the values of a claim";
  const wire = [
    { scopes: ["read", "reed"] },
    { when: { a: null }, scopes: ["read"] },
    { meters: ["site"] },
    { scopes: ["read"], meters: ["a b", "{x"], devices: [] },
    { scopes: ["read"], metres: ["a"] },
  ];
  assertEquals(problemsOf(JSON.stringify(wire)), [
    `rule 1: scopes: 1: ${scopes}`,
    "rule 2: when: a: a claim has a text, a number, true or false, or a list of them",
    "rule 3: a rule has scopes or scopes_from",
    `rule 4: meters: 0: ${pattern}`,
    `rule 4: meters: 1: ${pattern}`,
    "rule 4: devices: a list has an item",
    'rule 5: Unrecognized key: "metres"',
  ]);
});

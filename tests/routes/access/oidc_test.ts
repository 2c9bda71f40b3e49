import { UnsecuredJWT } from "jose";
import type { OidcSettings } from "../../../data/access_settings.ts";
import type { Caller } from "../../../data/access/caller.ts";
import { DEFAULT_OIDC_RULES } from "../../../data/access/oidc_rules.ts";
import { AppError } from "../../../data/app_error.ts";
import { openIssuerKeys } from "../../../routes/access/issuer_keys.ts";
import { oidcAuthenticator } from "../../../routes/access/oidc.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { makePair, startIssuer, type TestIssuer } from "../../support/issuer.ts";

/** 2026-01-01T00:00:00Z. */
const NOW_S = 1_767_225_600;
const SKEW_S = 30;
const AUDIENCE = "https://openwatts.example";

/** The issuer, an authenticator for it, and a clock that tests move. */
interface Rig extends AsyncDisposable {
  readonly issuer: TestIssuer;
  readonly claims: Record<string, unknown>;
  readonly logged: { event: string; fields?: Record<string, unknown> }[];
  later(seconds: number): void;
  recognize(token: string): Promise<Caller | AppError | null>;
}

async function makeRig(changes: Partial<OidcSettings> = {}): Promise<Rig> {
  const stack = new AsyncDisposableStack();
  const issuer = stack.use(await startIssuer());
  let nowMs = NOW_S * 1_000;
  const now = () => nowMs;
  const logged: Rig["logged"] = [];
  const log = (_level: string, event: string, fields?: Record<string, unknown>) => {
    logged.push({ event, fields });
  };
  const settings: OidcSettings = {
    issuer: issuer.url,
    audiences: [AUDIENCE],
    jwksUrl: null,
    algorithms: ["RS256", "ES256"],
    clockSkewSeconds: SKEW_S,
    rules: DEFAULT_OIDC_RULES,
    ...changes,
  };
  const keys = stack.use(openIssuerKeys({ settings, elapsedMs: now, log }));
  const authenticator = oidcAuthenticator({ settings, keys, now, log });
  return {
    issuer,
    claims: {
      iss: issuer.url,
      aud: AUDIENCE,
      sub: "anna",
      scope: "openid openwatts:read openwatts:export",
      exp: NOW_S + 300,
    },
    logged,
    later: (seconds) => nowMs += seconds * 1_000,
    recognize: async (token) => {
      const request = new Request("http://127.0.0.1/api/meters");
      return await authenticator.authenticate({ request, token, address: "127.0.0.1" });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The sentence of a refusal, and its code if it is not UNAUTHENTICATED. */
function refusalOf(found: Caller | AppError | null): string {
  assert(found instanceof AppError, JSON.stringify(found));
  const sentence = found.message.replace("The token is not valid: ", "");
  return found.code === "UNAUTHENTICATED" ? sentence : `${found.code}: ${sentence}`;
}

function assertCaller(found: Caller | AppError | null): Caller {
  assert(found !== null && !(found instanceof AppError), String(found));
  return found;
}

Deno.test("a token of the issuer is a caller with its subject, name, scopes and an owner of its own", async () => {
  await using rig = await makeRig();
  const token = await rig.issuer.sign({ ...rig.claims, preferred_username: "anna@site" });
  const caller = assertCaller(await rig.recognize(token));
  assertEquals([...caller.scopes].toSorted(), ["export", "read"]);
  assertEquals(caller.actor, { kind: "oidc", id: "anna", name: "anna@site" });
  const hash = [
    ...new Uint8Array(
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(rig.issuer.url)),
    ),
  ].map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 16);
  assertEquals(caller.owner, `oidc:${hash}:anna`);
  assertEquals(caller.mayTouch("meter", "site-a.1"), true);
  assertEquals(caller.limits, null);
});

Deno.test("what is not a signed JWT is left to others: keys of the service, nothing, encrypted tokens", async () => {
  await using rig = await makeRig();
  for (const token of ["ow_abc_0123", "abc", "a.b", "a.b.c.d.e", "a b.c.d"]) {
    assertEquals(await rig.recognize(token), null, token);
  }
  assertEquals(rig.issuer.asked, []);
});

Deno.test("each of these tokens is refused, with the reason", async () => {
  await using rig = await makeRig();
  const { issuer, claims } = rig;
  const { exp: _exp, ...endless } = claims, { sub: _sub, ...nobody } = claims;
  const { aud: _aud, ...forAll } = claims, { iss: _iss, ...fromNobody } = claims;
  const other = await makePair();
  const known = issuer.published[0].kid;
  const es384 = await makePair("ES384", "longer");
  const right = await issuer.sign(claims);
  const [head, body, signature] = right.split(".");
  const forged = btoa(JSON.stringify({ ...claims, scope: "openwatts:admin" }))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const cases: [string, string][] = [
    [await issuer.sign({ ...claims, exp: NOW_S - SKEW_S }), "it has expired"],
    [await issuer.sign({ ...claims, nbf: NOW_S + SKEW_S + 1 }), "it is for a later time (nbf)"],
    [
      await issuer.sign({ ...claims, iss: "https://other.example" }),
      "it is from another issuer (iss)",
    ],
    [await issuer.sign({ ...claims, iss: `${issuer.url}/` }), "it is from another issuer (iss)"],
    [await issuer.sign({ ...claims, aud: "someone" }), "it is for another service (aud)"],
    [await issuer.sign({ ...claims, aud: [] }), "it is for another service (aud)"],
    [await issuer.sign(forAll), "it lacks the claim aud"],
    [await issuer.sign(fromNobody), "it lacks the claim iss"],
    [await issuer.sign(endless), "it lacks the claim exp"],
    [await issuer.sign(nobody), "it lacks the claim sub"],
    [await issuer.sign({ ...claims, sub: "" }), "its subject (sub) must have 1 to 255 characters"],
    [
      await issuer.sign({ ...claims, sub: "s".repeat(256) }),
      "its subject (sub) must have 1 to 255 characters",
    ],
    [
      await issuer.sign(claims, { header: { typ: "logout+jwt" } }),
      "it is of another type than an access token",
    ],
    [
      await issuer.sign(claims, { pair: other }),
      "it is signed with a key that its issuer does not have",
    ],
    [await issuer.sign(claims, { pair: other, header: { kid: known } }), "its signature is wrong"],
    [`${head}.${forged}.${signature}`, "its signature is wrong"],
    [`${head}.${body}.`, "its signature is wrong"],
    [
      await issuer.sign(claims, { pair: es384 }),
      "it is signed with an algorithm that this service does not accept",
    ],
    [
      new UnsecuredJWT(claims).encode(),
      "it is signed with an algorithm that this service does not accept",
    ],
    [`e30.${body}.${signature}`, "it cannot be read"],
    [`${"a".repeat(16_384)}.b.c`, "it has more than 16384 characters"],
  ];
  for (const [token, reason] of cases) {
    assertEquals(refusalOf(await rig.recognize(token)), reason, token);
  }
  assertCaller(await rig.recognize(right));
});

Deno.test("a token signed with the issuer's public key as a shared secret is refused", async () => {
  await using rig = await makeRig();
  const encode = (text: string) => new TextEncoder().encode(text);
  const url = (bytes: Uint8Array) => bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const head = url(encode(JSON.stringify({ alg: "HS256", kid: rig.issuer.published[0].kid })));
  const text = `${head}.${url(encode(JSON.stringify(rig.claims)))}`;
  const secret = encode(JSON.stringify(rig.issuer.published[0]));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(text)));
  assertEquals(
    refusalOf(await rig.recognize(`${text}.${url(signature)}`)),
    "it is signed with an algorithm that this service does not accept",
  );
});

Deno.test("the clock of the issuer may be off by the skew, in both directions", async () => {
  await using rig = await makeRig();
  const { claims, issuer } = rig;
  assertCaller(await rig.recognize(await issuer.sign({ ...claims, exp: NOW_S - SKEW_S + 1 })));
  assertCaller(await rig.recognize(await issuer.sign({ ...claims, nbf: NOW_S + SKEW_S })));
  assertCaller(await rig.recognize(await issuer.sign({ ...claims, iat: NOW_S + 3_600 })));
});

Deno.test("a token may name several audiences, and be typed as an access token", async () => {
  await using rig = await makeRig();
  const { claims, issuer } = rig;
  assertCaller(await rig.recognize(await issuer.sign({ ...claims, aud: ["else", AUDIENCE] })));
  for (const typ of ["JWT", "at+jwt", "application/at+jwt"]) {
    assertCaller(await rig.recognize(await issuer.sign(claims, { header: { typ } })));
  }
});

Deno.test("a token without rights is a caller who may do nothing", async () => {
  await using rig = await makeRig();
  const { scope: _scope, ...claims } = rig.claims;
  const caller = assertCaller(await rig.recognize(await rig.issuer.sign(claims)));
  assertEquals([...caller.scopes], []);
  assertEquals(caller.mayTouch("meter", "123"), false);
});

Deno.test("keys are read once through discovery, and one read serves requests that come meanwhile", async () => {
  await using rig = await makeRig();
  const token = await rig.issuer.sign(rig.claims);
  const found = await Promise.all(Array.from({ length: 20 }, () => rig.recognize(token)));
  found.forEach(assertCaller);
  assertEquals(rig.issuer.asked, ["/.well-known/openid-configuration", "/keys"]);
  rig.later(599);
  await rig.issuer.sign({ ...rig.claims, exp: NOW_S + 900 }).then(rig.recognize).then(assertCaller);
  assertEquals(rig.issuer.asked.length, 2);
});

Deno.test("new keys of the issuer count at once, and withdrawn ones end with the next read", async () => {
  await using rig = await makeRig();
  const { issuer } = rig;
  const claims = { ...rig.claims, exp: NOW_S + 86_400 };
  const before = await issuer.sign(claims);
  assertCaller(await rig.recognize(before));
  rig.later(30);
  await issuer.rotate();
  const after = await issuer.sign(claims);
  // The old key is known until the new one makes the keys be read again.
  assertCaller(await rig.recognize(before));
  assertCaller(await rig.recognize(after));
  assertEquals(
    refusalOf(await rig.recognize(before)),
    "it is signed with a key that its issuer does not have",
  );
});

Deno.test("tokens with unknown keys make the issuer be asked at most every 30 seconds", async () => {
  await using rig = await makeRig();
  const pair = await makePair();
  const unknown = await rig.issuer.sign(rig.claims, { pair });
  for (let round = 0; round < 5; round++) refusalOf(await rig.recognize(unknown));
  assertEquals(rig.issuer.asked.length, 2);
  rig.later(30);
  for (let round = 0; round < 5; round++) refusalOf(await rig.recognize(unknown));
  assertEquals(rig.issuer.asked.length, 4);
});

Deno.test("a key that keeps the name of an old one, and keys without names, verify", async () => {
  await using rig = await makeRig();
  const { issuer, claims } = rig;
  assertCaller(await rig.recognize(await issuer.sign(claims)));
  rig.later(30);
  const renamed = await makePair("ES256", String(issuer.published[0].kid));
  issuer.published = [renamed.jwk];
  assertCaller(await rig.recognize(await issuer.sign(claims, { pair: renamed })));
  rig.later(30);
  const pairs = await Promise.all([makePair(), makePair()]);
  issuer.published = pairs.map(({ jwk: { kid: _kid, ...jwk } }) => jwk);
  for (const pair of pairs) {
    assertCaller(
      await rig.recognize(await issuer.sign(claims, { pair, header: { kid: undefined } })),
    );
  }
  const stranger = await issuer.sign(claims, {
    pair: await makePair(),
    header: { kid: undefined },
  });
  assertEquals(refusalOf(await rig.recognize(stranger)), "its signature is wrong");
});

Deno.test("an issuer that is away is 503 until it is back; known keys outlast its absence by up to an hour", async () => {
  await using rig = await makeRig();
  const { issuer } = rig;
  const token = await issuer.sign({ ...rig.claims, exp: NOW_S + 86_400 });
  const away =
    "ISSUER_UNAVAILABLE: The issuer of your token cannot be reached, so the token cannot be checked";
  issuer.instead = () => new Response("gone", { status: 500 });
  assertEquals(refusalOf(await rig.recognize(token)), away);
  assertEquals(issuer.asked.length, 1);
  // Meanwhile it is not asked again.
  rig.later(4);
  assertEquals(refusalOf(await rig.recognize(token)), away);
  assertEquals(issuer.asked.length, 1);
  issuer.instead = null;
  rig.later(1);
  assertCaller(await rig.recognize(token));

  issuer.instead = () => new Response("gone", { status: 500 });
  rig.later(3_599);
  assertCaller(await rig.recognize(token));
  rig.later(1);
  assertEquals(refusalOf(await rig.recognize(token)), away);
  assertEquals(rig.logged[0].event, "issuer keys not read");
  assertEquals(rig.logged[0].fields?.issuer, issuer.url);
});

Deno.test("a token with a new key is 503, not 401, while the issuer is away", async () => {
  await using rig = await makeRig();
  const { issuer } = rig;
  const { kid } = issuer.published[0];
  assertCaller(await rig.recognize(await issuer.sign(rig.claims)));
  await issuer.rotate();
  issuer.instead = () => new Response(null, { status: 502 });
  rig.later(30);
  const found = await rig.recognize(await issuer.sign(rig.claims));
  assert(found instanceof AppError);
  assertEquals(found.code, "ISSUER_UNAVAILABLE");
  // A wrong signature of a known key is wrong in any case.
  const forged = await issuer.sign(rig.claims, { pair: await makePair(), header: { kid } });
  assertEquals(refusalOf(await rig.recognize(forged)), "its signature is wrong");
});

Deno.test("a set of keys at an address of the settings needs no discovery", async () => {
  await using other = await startIssuer();
  await using rig = await makeRig({ jwksUrl: `${other.url}/keys` });
  const [{ kid }] = other.published;
  assertCaller(await rig.recognize(await other.sign(rig.claims, { header: { kid } })));
  assertEquals([other.asked, rig.issuer.asked], [["/keys"], []]);
});

Deno.test("documents of the issuer that cannot be trusted or used are logged, and answered with 503", async () => {
  await using rig = await makeRig();
  const { issuer } = rig;
  const token = await issuer.sign(rig.claims);
  const wrong: [() => void, string][] = [
    [() => issuer.discovery = { issuer: "https://evil.example" }, "is not http://127.0.0.1"],
    [() => issuer.discovery = { jwks_uri: "http://evil.example/keys" }, "is not an https URL"],
    [() => issuer.discovery = { jwks_uri: 7 }, "jwks_uri"],
    [() => issuer.instead = () => new Response("<html>"), "JSON"],
    [() => issuer.instead = () => new Response(" ".repeat(1_048_577)), "more than 1048576 bytes"],
    [() => issuer.instead = () => Response.redirect(`${issuer.url}/keys`), "redirect"],
  ];
  for (const [change, reason] of wrong) {
    issuer.discovery = {};
    issuer.instead = null;
    change();
    rig.later(5);
    const found = await rig.recognize(token);
    assert(found instanceof AppError);
    assertEquals(found.code, "ISSUER_UNAVAILABLE");
    const { error } = rig.logged.at(-1)?.fields ?? {};
    assert(String(error).includes(reason), String(error));
  }
});

Deno.test("an issuer that never answers is given up, and a stop does not wait for it", async () => {
  const rig = await makeRig();
  const { promise: never, resolve } = Promise.withResolvers<Response>();
  rig.issuer.instead = () => never;
  const found = rig.recognize(await rig.issuer.sign(rig.claims));
  // The keys end first, then the issuer's server, which waits for its answer.
  const stopped = rig[Symbol.asyncDispose]();
  assertEquals((await found as AppError).code, "ISSUER_UNAVAILABLE");
  resolve(new Response(null));
  await stopped;
});

Deno.test("an issuer whose host the task does not grant is logged with the setting that grants it", async () => {
  const errors: string[] = [];
  await using keys = openIssuerKeys({
    settings: { issuer: "https://login.example", jwksUrl: null },
    log: (_level, _event, fields) => errors.push(String(fields?.error)),
    fetch: () => Promise.reject(new Deno.errors.NotCapable("Requires net access")),
  });
  await keys.current().catch(() => {});
  assertEquals(errors.length, 1);
  assert(errors[0].includes("set OIDC_JWKS_URL"), errors[0]);
});

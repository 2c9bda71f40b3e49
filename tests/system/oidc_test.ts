import { assertEquals, assertMatch } from "../support/assert.ts";
import { DEFAULT_OIDC_RULES } from "../../data/access/oidc_rules.ts";
import type { AccessSettings } from "../../data/access_settings.ts";
import { startIssuer } from "../support/issuer.ts";
import { askJson, startTestService } from "../support/service.ts";

Deno.test("with AUTH=oidc a service answers tokens of its issuer by their scopes, and 503 while it is away", async () => {
  await using issuer = await startIssuer();
  await using service = await startTestService({ access: accessBy(issuer.url) });
  const claims = { iss: issuer.url, aud: "openwatts", sub: "anna" };
  const exp = Math.floor(Date.now() / 1_000) + 600;
  const ask = async (path: string, token: string, method = "GET") => {
    const headers: HeadersInit = token === "" ? {} : { authorization: `Bearer ${token}` };
    return await askJson(`${service.url}${path}`, { method, headers });
  };
  const reader = await issuer.sign({ ...claims, exp, scope: "openwatts:read" });

  issuer.instead = () => new Response(null, { status: 500 });
  const away = await ask("/api/meters", reader);
  assertEquals([away.status, away.body.code], [503, "ISSUER_UNAVAILABLE"]);
  assertEquals(away.headers.get("retry-after"), "5");
  assertEquals(away.headers.get("www-authenticate"), null);
  // Public routes do not need the issuer.
  assertEquals((await ask("/health", reader)).status, 200);
  // Without a token, nobody asks the issuer.
  const none = await ask("/api/meters", "");
  assertEquals([none.status, none.body.code], [401, "UNAUTHENTICATED"]);
  assertEquals(none.headers.get("www-authenticate"), 'Bearer realm="openwatts"');
  assertEquals(issuer.asked.length, 1);
});

Deno.test("with AUTH=oidc, expired tokens are 401 and tokens without the scope 403, with the reason", async () => {
  await using issuer = await startIssuer();
  await using service = await startTestService({ access: accessBy(issuer.url) });
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuer.url, aud: "openwatts", sub: "anna", scope: "openwatts:read" };
  const ask = async (token: string, method: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return await askJson(`${service.url}/api/meters/123`, { method, headers });
  };
  const right = await issuer.sign({ ...claims, exp: nowSeconds + 600 });
  assertEquals((await ask(right, "GET")).body.code, "SMART_METER_NOT_FOUND");
  const refused = await ask(right, "DELETE");
  assertEquals([refused.status, refused.body.code], [403, "FORBIDDEN"]);
  assertMatch(refused.headers.get("www-authenticate") ?? "", /insufficient_scope/);
  const expired = await ask(await issuer.sign({ ...claims, exp: nowSeconds - 600 }), "GET");
  assertEquals([expired.status, expired.body.detail], [
    401,
    "The token is not valid: it has expired",
  ]);
  assertMatch(expired.headers.get("www-authenticate") ?? "", /error="invalid_token"/);
});

/** Access with tokens of an issuer only. */
function accessBy(issuer: string): AccessSettings {
  return {
    hasKeys: false,
    adminKey: null,
    publicUrl: null,
    oidc: {
      issuer,
      audiences: ["openwatts"],
      jwksUrl: null,
      algorithms: ["ES256"],
      clockSkewSeconds: 30,
      rules: DEFAULT_OIDC_RULES,
    },
  };
}

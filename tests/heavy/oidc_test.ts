import { assert, assertEquals, assertMatch } from "@std/assert";
import Provider from "oidc-provider";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const AUDIENCE = "https://watts.example";
const SCOPES = ["openwatts:read", "openwatts:export"];
const CLIENT = { id: "gateway", secret: "hush" };

/** A running issuer. Disposing of it stops it. */
interface Issuer extends AsyncDisposable {
  readonly url: string;
  /** An access token with a scope, as a program gets it with its own credentials. */
  token(scope: string): Promise<string>;
}

/** A private key as the issuer takes it. */
async function makeKey(kid: string): Promise<Record<string, unknown>> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return { kty, crv, x, y, d, kid, alg: "ES256", use: "sig" };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts oidc-provider, whose access tokens for this audience are JWTs (RFC 9068). */
async function startIssuer(port: number, kid: string, ttlSeconds = 600): Promise<Issuer> {
  const url = `http://127.0.0.1:${port}`;
  const provider = new Provider(url, {
    clients: [{
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: "ES256",
    }],
    scopes: SCOPES,
    ttl: { ClientCredentials: ttlSeconds },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: SCOPES.join(" "),
          audience: AUDIENCE,
          accessTokenFormat: "jwt",
          accessTokenTTL: ttlSeconds,
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
    jwks: { keys: [await makeKey(kid)] },
  });
  const server = provider.listen(port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url,
    async token(scope) {
      const response = await fetch(`${url}/token`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${CLIENT.id}:${CLIENT.secret}`)}` },
        body: new URLSearchParams({ grant_type: "client_credentials", scope, resource: AUDIENCE }),
      });
      const { access_token: token } = await response.json();
      return token;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What a service answers to a token. */
async function ask(url: string, token: string, method = "GET") {
  const response = await fetch(url, { method, headers: { authorization: `Bearer ${token}` } });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
}

Deno.test({
  name: "tokens of oidc-provider are checked: scopes, new keys, expiry, and while it is away",
  // Connections of its HTTP server end a little later than the server.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using folder = await makeTempFolder();
    const port = freePort();
    const settings = {
      AUTH: "oidc",
      OIDC_ISSUER: `http://127.0.0.1:${port}`,
      OIDC_AUDIENCE: AUDIENCE,
      OIDC_CLOCK_SKEW_SECONDS: "0",
    };
    await using service = await startProcess(folder.path, settings);
    const meters = `${service.url}/api/meters`, exports = `${service.url}/api/exports`;

    let old = "";
    {
      await using issuer = await startIssuer(port, "first");
      old = await issuer.token("openwatts:read");
      assertEquals((await ask(meters, old)).status, 200);
      const refused = await ask(exports, old);
      assertEquals(refused.status, 403);
      assertMatch(refused.headers.get("www-authenticate") ?? "", /scope="export"/);
      assertEquals((await ask(exports, await issuer.token("openwatts:export"))).status, 200);
      assertEquals((await fetch(meters)).status, 401);
      assertEquals((await ask(meters, old.slice(0, -2))).status, 401);
    }

    // Its keys are known, so tokens count while it is away, but not for a service that starts now.
    assertEquals((await ask(meters, old)).status, 200);
    await using other = await makeTempFolder();
    await using late = await startProcess(other.path, settings);
    const away = await ask(`${late.url}/api/meters`, old);
    assertEquals([away.status, away.headers.get("retry-after")], [503, "5"]);
    assertEquals(JSON.parse(away.text).code, "ISSUER_UNAVAILABLE");

    // It comes back with another key, and tokens that end after two seconds.
    await using issuer = await startIssuer(port, "second", 2);
    const rounds = 90;
    for (let round = 0;; round++) {
      const { status, text } = await ask(meters, await issuer.token("openwatts:read"));
      if (status === 200) break;
      assertMatch(text, /a key that its issuer does not have/);
      assert(round < rounds, "the new key is not known");
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    const withdrawn = await ask(meters, old);
    assertEquals(withdrawn.status, 401);
    assertMatch(withdrawn.text, /a key that its issuer does not have/);
    const short = await issuer.token("openwatts:read");
    for (let round = 0;; round++) {
      const { status, text } = await ask(meters, short);
      if (status === 401) {
        assertMatch(text, /it has expired/);
        break;
      }
      assert(round < rounds, "the token does not expire");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  },
});

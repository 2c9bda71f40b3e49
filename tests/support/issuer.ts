/**
 * A small OpenID Connect issuer, for tests: it publishes keys, changes them and signs tokens.
 *
 * @module
 */

import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";

/** A pair of keys of the issuer. */
export interface IssuerPair {
  /** The public key, as it is published. */
  readonly jwk: JWK;
  /** The key that signs. */
  readonly privateKey: CryptoKey;
}

/** An issuer. Disposing of it stops its server. */
export interface TestIssuer extends AsyncDisposable {
  /** Its address, which is what `iss` of its tokens says. */
  readonly url: string;
  /** The paths that were asked for. */
  readonly asked: string[];
  /** The public keys that it publishes. */
  published: JWK[];
  /** What it answers instead of its documents; null for these. */
  instead: (() => Response | Promise<Response>) | null;
  /** Changes of the discovery document. */
  discovery: Record<string, unknown>;
  /** Signs claims with the first or another pair; the header gets `alg` and `kid` of the pair. */
  sign(claims: JWTPayload, options?: { pair?: IssuerPair; header?: object }): Promise<string>;
  /** Publishes a new pair, alone or also, with which it signs from now on. */
  rotate(how?: "also"): Promise<IssuerPair>;
}

/** A pair of keys for an algorithm. */
export async function makePair(
  alg = "ES256",
  kid: string = crypto.randomUUID(),
): Promise<IssuerPair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { jwk: { ...await exportJWK(publicKey), alg, kid, use: "sig" }, privateKey };
}

/** Starts an issuer with one pair of keys. */
export async function startIssuer(): Promise<TestIssuer> {
  let signing = await makePair();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const issuer: TestIssuer = {
    url,
    asked: [],
    published: [signing.jwk],
    instead: null,
    discovery: {},
    sign: (claims, { pair = signing, header = {} } = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: String(pair.jwk.alg), kid: pair.jwk.kid, ...header })
        .sign(pair.privateKey),
    async rotate(how) {
      signing = await makePair();
      issuer.published = how === "also" ? [...issuer.published, signing.jwk] : [signing.jwk];
      return signing;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return issuer;

  function answer(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    issuer.asked.push(pathname);
    if (issuer.instead !== null) return issuer.instead();
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return Response.json({ issuer: url, jwks_uri: `${url}/keys`, ...issuer.discovery });
      case "/keys":
        return Response.json({ keys: issuer.published });
      default:
        return new Response(null, { status: 404 });
    }
  }
}

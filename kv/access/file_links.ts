/**
 * Makes signed links of files (`data/access/link.ts`).
 *
 * @module
 */

import { linkAddress, linkText, makerOf } from "../../data/access/link.ts";
import { signingSecret } from "./secrets.ts";

/** What a link leads to, and for how long. */
export interface LinkRequest {
  /** The path of the address. */
  readonly path: string;
  /** How long it is valid, seconds. */
  readonly seconds: number;
  /** Whose right it has (`Caller.owner`). */
  readonly owner: string;
}

/** A link below the address of the service. */
export interface SignedAddress {
  /** The path with its query. */
  readonly address: string;
  /** Its last second, epoch milliseconds. */
  readonly expiresMs: number;
}

/** Signs a link. */
export async function signFileLink(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  { path, seconds, owner }: LinkRequest,
  nowMs: number,
): Promise<SignedAddress> {
  const maker = makerOf(owner);
  const expires = Math.ceil(nowMs / 1_000) + seconds;
  const secret = await signingSecret(kv, nowMs);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const text = new TextEncoder().encode(linkText(path, expires, maker));
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, text)).toHex();
  return {
    address: linkAddress({ path, expires, maker, signature }),
    expiresMs: expires * 1_000,
  };
}

/**
 * Makes and checks signed links.
 *
 * A link is as good as who made it: it ends with the key that made it, as the presigned URLs of S3 do.
 * The token of an issuer cannot be looked up later, so a link made with one lasts until it expires.
 *
 * @module
 */

import { type Caller, createCaller } from "../../data/access/caller.ts";
import { type LinkMaker, parseLink } from "../../data/access/link.ts";
import { AppError } from "../../data/app_error.ts";
import { instantText } from "../../data/time/time_text.ts";
import { signFileLink } from "../../kv/access/file_links.ts";
import { linkSecrets } from "../../kv/access/secrets.ts";

/** What links need. */
export interface LinkDeps {
  /** The database with the secrets. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The address of the service as its users know it; null for that of each request. */
  readonly publicUrl: string | null;
  /** Finds who made a link; null if they may not use the service any more. */
  readonly findMaker: FindMaker;
}

/** Finds who made a link. */
export type FindMaker = (maker: LinkMaker) => Caller | null | Promise<Caller | null>;

/** A new link. */
export interface NewLink {
  /** Its whole address. */
  readonly url: string;
  /** Its last second, epoch milliseconds. */
  readonly expiresMs: number;
}

/** Makes a link to a path for the sender of a request, valid for some seconds. */
export async function makeLink(
  { kv, now, publicUrl }: LinkDeps,
  { path, seconds, caller, requestUrl }: {
    path: string;
    seconds: number;
    caller: Pick<Caller, "owner">;
    requestUrl: string;
  },
): Promise<NewLink> {
  const { owner } = caller;
  const { address, expiresMs } = await signFileLink(kv, { path, seconds, owner }, now());
  return { url: (publicUrl ?? new URL(requestUrl).origin) + address, expiresMs };
}

/**
 * Who made the link by which a request comes. What the link leads to must be visible to them.
 *
 * @throws {AppError} LINK_INVALID or LINK_EXPIRED.
 */
export async function callerOfLink(
  { kv, now, findMaker }: LinkDeps,
  request: Pick<Request, "url">,
): Promise<Caller> {
  const link = parseLink(request.url);
  if (link === null) throw invalid("The address is not a whole link; copy all of it");
  if (!await isSigned(kv, link)) {
    throw invalid("The link was changed, or it was not made by this service");
  }
  const lastMs = link.expires * 1_000;
  if (now() > lastMs) {
    throw new AppError("LINK_EXPIRED", `The link was valid until ${instantText(lastMs)}`);
  }
  const caller = await findMaker(link.maker);
  // The same as for the download with a key. A key that lost this scope cannot share files.
  if (caller === null || !caller.scopes.has("export")) {
    throw invalid("Who made the link may not use the service any more");
  }
  return caller;
}

/** Whether one of the secrets signed a link. The comparison takes the same time for any signature. */
async function isSigned(
  kv: LinkDeps["kv"],
  { text, signature }: { text: string; signature: string },
): Promise<boolean> {
  const bytes = Uint8Array.fromHex(signature);
  const checks = (await linkSecrets(kv)).map(async (secret) =>
    await crypto.subtle.verify("HMAC", await hmacKey(secret), bytes, encoded(text))
  );
  return (await Promise.all(checks)).includes(true);
}

/** Who made a link that no key stands for: they could read the file when they made it. */
export const UNKNOWN_MAKER: Caller = createCaller({
  owner: "link",
  actor: { kind: "link", id: "link", name: "link" },
  // Files of others need `manage`.
  scopes: ["export", "manage"],
});

function hmacKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, [
    "verify",
  ]);
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function invalid(detail: string): AppError {
  return new AppError("LINK_INVALID", detail);
}

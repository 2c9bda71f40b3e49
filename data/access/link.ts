/**
 * Signed links: addresses of one file that need no key.
 *
 * `PATH?expires=SECONDS&by=MAKER&signature=HEX`, where HEX is the HMAC-SHA-256 of {@link linkText}.
 * Only exactly this form is a link. So a link with any byte changed is not one, or its text is another.
 *
 * @module
 */

/** Who made a link, as the link says it. Ids of keys have no `-`. */
export type LinkMaker =
  | { readonly kind: "key"; readonly id: string }
  | { readonly kind: "anyone" }
  | { readonly kind: "oidc" };

/** A link as it is read: nothing of it is proved. */
export interface Link {
  /** The path of the address. */
  readonly path: string;
  /** The last second of the link, epoch seconds. */
  readonly expires: number;
  /** Who made it. */
  readonly maker: LinkMaker;
  /** What is signed. */
  readonly text: string;
  /** The signature, hexadecimal. */
  readonly signature: string;
}

const FORM =
  /^https?:\/\/[^/?#]+(\/[^?#]+)\?expires=([1-9]\d{0,11})&by=(key-[a-z0-9]{1,32}|anyone|oidc)&signature=([0-9a-f]{64})$/;

/** What the signature of a link signs. `v1` separates it from whatever the same secret may sign later. */
export function linkText(path: string, expires: number | string, maker: LinkMaker): string {
  return ["openwatts link v1", path, expires, makerText(maker)].join("\n");
}

/** The address of a link below the address of the service. */
export function linkAddress(
  { path, expires, maker, signature }: Omit<Link, "text">,
): string {
  return `${path}?expires=${expires}&by=${makerText(maker)}&signature=${signature}`;
}

/** The link in the URL of a request, as it came; null if it is none. */
export function parseLink(url: string): Link | null {
  const [, path, expires, by, signature] = FORM.exec(url) ?? [];
  if (path === undefined) return null;
  const maker: LinkMaker = by === "anyone" || by === "oidc"
    ? { kind: by }
    : { kind: "key", id: by.slice("key-".length) };
  return { path, expires: Number(expires), maker, text: linkText(path, expires, maker), signature };
}

/** The maker that the owner of a caller stands for (`data/access/caller.ts`). */
export function makerOf(owner: string): LinkMaker {
  if (owner.startsWith("key:")) return { kind: "key", id: owner.slice("key:".length) };
  return { kind: owner.startsWith("oidc:") ? "oidc" : "anyone" };
}

function makerText(maker: LinkMaker): string {
  return maker.kind === "key" ? `key-${maker.id}` : maker.kind;
}

/**
 * Answers whose body does not change while the service runs.
 *
 * @module
 */

import { isKnown } from "./file_conditions.ts";

/** A body that does not change. */
export interface FixedBody {
  /** Its bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its media type. */
  readonly contentType: string;
  /** Its strong entity tag, with quotes. */
  readonly etag: string;
}

/** A body, with the tag of its content. */
export async function fixedBody(
  content: string | Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<FixedBody> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return { bytes, contentType, etag: `"${new Uint8Array(digest).toHex()}"` };
}

/** Answers with the body, or with 304 if the client has it (RFC 9110 §13.1.2). */
export function fixedAnswer(
  request: Request,
  { bytes, contentType, etag }: FixedBody,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const known = { ...headers, etag, "cache-control": "no-cache" };
  if (isKnown(request.headers, etag)) return new Response(null, { status: 304, headers: known });
  const length = String(bytes.length);
  return new Response(bytes, {
    headers: { ...known, "content-type": contentType, "content-length": length },
  });
}

/**
 * Compression of pages and their files.
 *
 * Pages hold no secrets next to what a request says, so their length gives nothing away.
 *
 * @module
 */

import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** An encoding of content (RFC 9110 §8.4.1). */
export type Encoding = "br" | "gzip";

/** Content smaller than a packet of the network gains nothing, bytes. */
const MIN_BYTES = 1_000;
/** A level that takes about 2 ms for 100 KB, and saves nearly as much as the highest. */
const BROTLI_QUALITY = 5;

/** The encoding in which content of a type is answered; null for none. */
export function encodingOf(headers: Headers, contentType: string): Encoding | null {
  if (!/^(text\/|image\/svg|application\/json)/.test(contentType)) return null;
  const accepted = (headers.get("accept-encoding") ?? "").toLowerCase();
  const accepts = (name: string) =>
    accepted.split(",").some((part) => {
      const [coding, weight = "q=1"] = part.split(";").map((text) => text.trim());
      return coding === name && Number(weight.replace("q=", "")) > 0;
    });
  return accepts("br") ? "br" : accepts("gzip") ? "gzip" : null;
}

/** Content in an encoding. */
export function compressed(
  bytes: Uint8Array<ArrayBuffer>,
  encoding: Encoding,
): Uint8Array<ArrayBuffer> {
  const encoded = encoding === "br"
    ? brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } })
    : gzipSync(bytes);
  return new Uint8Array(encoded);
}

/** A page as an answer, compressed if the client takes that. */
export function pageResponse(
  request: Request,
  html: string,
  { status, headers }: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
  },
): Response {
  const bytes = new TextEncoder().encode(html);
  const type = "text/html; charset=utf-8";
  const encoding = bytes.length < MIN_BYTES ? null : encodingOf(request.headers, type);
  const body = encoding === null ? bytes : compressed(bytes, encoding);
  return new Response(body, {
    status,
    headers: {
      ...headers,
      "content-type": type,
      "content-length": String(body.length),
      vary: "Accept, Accept-Encoding, Accept-Language, Cookie",
      ...(encoding === null ? {} : { "content-encoding": encoding }),
    },
  });
}

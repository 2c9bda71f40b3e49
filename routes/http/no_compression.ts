/**
 * Keeps the runtime from compressing answers. Before Deno 2.9, `Deno.serve` compresses text for clients
 * that accept it: the answer loses its length, its `ETag` becomes weak, and parts of a file no longer
 * fit together.
 *
 * @module
 */

import { isBefore } from "./runtime_version.ts";

/** Whether a version of Deno compresses answers by itself. */
export function compressesAnswers(version: string): boolean {
  return isBefore(version, 9);
}

/**
 * The same answer; if it has a length or an `ETag`, as files have, or sends events, it may not be changed
 * on its way (RFC 9111 §5.2.2.6). For other answers, compression does no harm.
 */
export function unchanged(answer: Response): Response {
  // Its body is not looked at: these versions then send it without a length.
  const { headers } = answer;
  const type = headers.get("content-type");
  if (type === null) return answer;
  const isWhole = headers.has("content-length") || headers.has("etag");
  if (!isWhole && !type.startsWith("text/event-stream")) return answer;
  const control = headers.get("cache-control");
  if (control?.includes("no-transform")) return answer;
  headers.set("cache-control", control ? `${control}, no-transform` : "no-transform");
  return answer;
}

/**
 * Uploads files about stores over HTTP, for tests.
 *
 * @module
 */

import { askJson, type JsonAnswer } from "./service.ts";

/** Sends an upload. */
export function postStores(
  url: string,
  kind: "status" | "hours" | "timezones",
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  return askJson(`${url}/stores/${kind}`, {
    method: "POST",
    headers: { "content-type": "text/csv", ...headers },
    body,
  });
}

/** A text in gzip. */
export async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(compressed).bytes();
}

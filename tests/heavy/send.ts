/**
 * Requests that give the service what its pages show.
 *
 * @module
 */

import { assert } from "../support/assert.ts";

/** Sends a body, a text as CSV and anything else as JSON, and expects it to be accepted. */
export async function send(
  url: string,
  method: string,
  path: string,
  body: unknown,
): Promise<void> {
  const isText = typeof body === "string";
  const answer = await fetch(url + path, {
    method,
    headers: { "content-type": isText ? "text/csv" : "application/json" },
    body: isText ? body : JSON.stringify(body),
  });
  assert(answer.ok, `${path}: ${answer.status} ${await answer.text()}`);
}

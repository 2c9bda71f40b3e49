/**
 * Uploads of stores to an app.
 *
 * @module
 */

import { assertEquals } from "../../support/assert.ts";
import type { Ask } from "../../support/keyed_app.ts";

/** Uploads lines of CSV. */
export async function postStores(
  ask: Ask,
  kind: "status" | "hours" | "timezones",
  lines: readonly string[],
): Promise<void> {
  const sent = { headers: { "content-type": "text/csv" }, body: `${lines.join("\n")}\n` };
  const { status, text } = await ask(`POST /stores/${kind}`, sent);
  assertEquals(status, 200, text);
}

/**
 * What continuous export wrote for every window.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lake_manifest", id, fromMs]` | the windows of one manifest span (`data/continuous/manifest.ts`) | the process that exports the device, in one commit with its checkpoint |
 *
 * The first part of the key is the name of earlier versions, so that their databases still open.
 *
 * @module
 */

import {
  decodeManifest,
  encodeManifest,
  type WrittenWindow,
} from "../../data/continuous/manifest.ts";
import type { Span } from "../../data/readings/page.ts";
import type { Staging } from "../budget.ts";

const SPACE = "lake_manifest";
const LIST_BATCH = 32;

/** The written windows that start in `span`, which must start and end where manifest spans do. */
export async function listManifests(
  kv: Pick<Deno.Kv, "list">,
  id: string,
  { fromMs, toMs }: Span,
): Promise<WrittenWindow[]> {
  const windows: WrittenWindow[] = [];
  const selector = { start: [SPACE, id, fromMs], end: [SPACE, id, toMs] };
  for await (const { value } of kv.list<Uint8Array>(selector, { batchSize: LIST_BATCH })) {
    for (const window of decodeManifest(value)) windows.push(window);
  }
  return windows;
}

/** Stores the written windows of the manifest span that starts at `fromMs`; deletes it if empty. */
export function stageManifest(
  op: Staging,
  id: string,
  { fromMs, windows }: { fromMs: number; windows: readonly WrittenWindow[] },
): void {
  const key = [SPACE, id, fromMs];
  if (windows.length === 0) op.delete(key);
  else op.set(key, encodeManifest(windows));
}

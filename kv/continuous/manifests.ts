/**
 * What was written of every window of continuous export.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lake_manifest", id, fromMs]` | the windows of a stretch (`data/continuous/manifest.ts`) | with the checkpoint of the device, in one commit |
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

/** What was written of windows that begin in a span, which begins and ends where stretches do. */
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

/** Sets what was written of the stretch that begins at `fromMs`; nothing is left of an empty one. */
export function stageManifest(
  op: Staging,
  id: string,
  { fromMs, windows }: { fromMs: number; windows: readonly WrittenWindow[] },
): void {
  const key = [SPACE, id, fromMs];
  if (windows.length === 0) op.delete(key);
  else op.set(key, encodeManifest(windows));
}

/**
 * How many windows of continuous export a deletion concerns.
 *
 * @module
 */

import { windowAt } from "../../data/continuous/window.ts";
import { DAY_MS, dayStartMs, END_OF_TIME_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { getExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { listManifests } from "../../kv/continuous/manifests.ts";

/** Counts the windows of some devices that have been exported and overlap a span, or all (null). */
export async function countWindows(
  kv: Pick<Deno.Kv, "get" | "list">,
  ids: readonly string[],
  span: Span | null,
): Promise<number> {
  const { fromMs, toMs } = span ?? { fromMs: 0, toMs: END_OF_TIME_MS };
  let count = 0;
  for (const id of ids) {
    const checkpoint = await getExportCheckpoint(kv, id);
    if (checkpoint === null) continue;
    const { plan } = checkpoint.value;
    // A window that begins before the span may reach into it; none is longer than its day.
    const days = { fromMs: dayStartMs(fromMs), toMs: Math.min(toMs, END_OF_TIME_MS) };
    for (const { windows } of await listManifests(kv, id, days)) {
      for (const window of windows) {
        const endMs = Math.min(windowAt(plan, window.fromMs).toMs, window.fromMs + DAY_MS);
        if (window.fromMs < toMs && endMs > fromMs) count++;
      }
    }
  }
  return count;
}

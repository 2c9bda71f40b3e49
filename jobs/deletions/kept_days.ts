/**
 * Whether objects that devices share still have readings that a job has deleted. Nothing waits for such
 * an object any more: it cannot be written again, as the source has lost other readings of it.
 *
 * @module
 */

import { DAY_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { getMember, listProfileDays } from "../../kv/continuous/profile_days.ts";

/** Members that are read at the same time. */
const READS_AT_ONCE = 64;

/** Whether such an object of a day in the span (null: of any day) has readings of one of the devices. */
export async function hasKeptDays(
  kv: Pick<Deno.Kv, "get" | "list">,
  { ids, span, signal }: { ids: readonly string[]; span: Span | null; signal: AbortSignal },
): Promise<boolean> {
  for await (const day of listProfileDays(kv)) {
    if (span !== null && (day.dayMs + DAY_MS <= span.fromMs || day.dayMs >= span.toMs)) continue;
    for (let at = 0; at < ids.length; at += READS_AT_ONCE) {
      signal.throwIfAborted();
      const some = ids.slice(at, at + READS_AT_ONCE);
      const members = await Promise.all(some.map((id) => getMember(kv, id, day)));
      if (members.some((one) => one?.state === "refused" && one.isInObject)) return true;
    }
  }
  return false;
}

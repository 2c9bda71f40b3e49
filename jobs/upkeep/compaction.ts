/**
 * The duty that folds segments into blocks. A round reads the segment counts of all series that have
 * segments, and the readings only of series that it folds.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { UPKEEP, type Upkeep } from "../../data/upkeep.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { clearSegmentCount, listSegmentCounts } from "../../kv/series/segment_counts.ts";
import type { Duty } from "../engine/duty_loop.ts";

/** What the duty needs. */
export interface CompactionDeps {
  /** The database. What waits in logs of ingest is folded after it was carried out. */
  readonly settledKv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** The series store, which folds. */
  readonly series: Pick<SeriesStore, "fold">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** When series are folded; {@link UPKEEP} by default. */
  readonly upkeep?: Pick<Upkeep, "everyMs" | "foldSegments" | "foldAfterMs">;
}

/** Creates the duty. A series that cannot be folded is logged and does not stop the others. */
export function compactionDuty(
  { settledKv: kv, series, now, log, upkeep = UPKEEP }: CompactionDeps,
): Duty {
  const { everyMs, foldSegments, foldAfterMs } = upkeep;
  const seenMs = new Map<string, number>();
  return {
    name: "compaction",
    everyMs,
    async round({ signal }) {
      for await (const segments of listSegmentCounts(kv)) {
        if (signal.aborted) return;
        const name = `${segments.ref.profile}/${segments.ref.id}`;
        const sinceMs = seenMs.get(name) ?? now();
        seenMs.set(name, sinceMs);
        const isOld = now() - sinceMs >= foldAfterMs;
        if (!isOld && segments.count < foldSegments) continue;
        seenMs.delete(name);
        try {
          await series.fold(segments.ref, { isSettled: true });
          await clearSegmentCount(kv, segments);
        } catch (error) {
          log("error", "series not folded", { ...segments.ref, error });
        }
      }
    },
  };
}

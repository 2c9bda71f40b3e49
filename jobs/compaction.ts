/**
 * The duty that folds segments into blocks.
 *
 * A round reads up to 32 segments of each series that has some, only to count them: of thousands of
 * series with large segments that is much. A count beside the mark would save it.
 *
 * @module
 */

import type { Log } from "../data/log.ts";
import type { SeriesStore } from "../kv/series_store.ts";
import { clearUnfolded, listUnfolded } from "../kv/unfolded.ts";
import { countSegments } from "../kv/segments.ts";
import type { Duty } from "./duty_loop.ts";

/** A series is folded when it has this many segments … */
const MANY_SEGMENTS = 32;
/** … or has had some for this long, milliseconds. */
const OLD_MS = 30_000;

/** What compaction needs. */
export interface CompactionDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list" | "atomic">;
  /** What folds. */
  readonly series: Pick<SeriesStore, "fold">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** The duty. */
export function compactionDuty({ kv, series, now, log }: CompactionDeps): Duty {
  const seenMs = new Map<string, number>();
  return {
    name: "compaction",
    everyMs: 2_000,
    async round({ signal }) {
      for await (const mark of listUnfolded(kv)) {
        if (signal.aborted) return;
        const name = `${mark.ref.profile}/${mark.ref.id}`;
        const sinceMs = seenMs.get(name) ?? now();
        seenMs.set(name, sinceMs);
        const isOld = now() - sinceMs >= OLD_MS;
        if (!isOld && await countSegments(kv, mark.ref, MANY_SEGMENTS) < MANY_SEGMENTS) continue;
        seenMs.delete(name);
        try {
          await series.fold(mark.ref);
          await clearUnfolded(kv, mark);
        } catch (error) {
          log("error", "series not folded", { ...mark.ref, error });
        }
      }
    },
  };
}

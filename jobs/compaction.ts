/**
 * The duty that folds segments into blocks. A round reads the marks of series that have some, and
 * nothing of those that are to wait.
 *
 * @module
 */

import type { Log } from "../data/log.ts";
import type { SeriesStore } from "../kv/series_store.ts";
import { clearUnfolded, listUnfolded } from "../kv/unfolded.ts";
import type { Duty } from "./duty_loop.ts";

/** A series is folded when it has this many segments … */
const MANY_SEGMENTS = 256;
/** … or has had some for this long, milliseconds. */
const OLD_MS = 30_000;

/** What compaction needs. */
export interface CompactionDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
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
        if (!isOld && mark.count < MANY_SEGMENTS) continue;
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

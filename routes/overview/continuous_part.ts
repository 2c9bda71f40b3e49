/**
 * The continuous exports of the overview.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { MINUTE_MS } from "../../data/limits.ts";
import { listExportCheckpoints } from "../../kv/continuous/checkpoints.ts";
import {
  type ContinuousExportDeps,
  exportLagMs,
  mayLagMs,
} from "../continuous/continuous_exports.ts";
import { createTop, scanVisible } from "./scan.ts";
import { NAMED_MAX, type Overview } from "./schemas.ts";

/** Windows are written some time after they end, so being a little behind is no fault. */
const LAGGING_MS = 5 * MINUTE_MS;

interface Bad {
  readonly id: string;
  readonly lagMs: number;
  readonly error: string | null;
}

/** Counts the continuous exports that a caller may see; null if there are none. */
export async function continuousPart(
  deps: ContinuousExportDeps,
  caller: Caller,
): Promise<Overview["continuous_exports"]> {
  let total = 0, failing = 0, lagging = 0;
  const worst = createTop<Bad>(NAMED_MAX, (one, other) => one.lagMs > other.lagMs);
  const isComplete = await scanVisible(
    caller,
    { kind: "device", list: (page) => listExportCheckpoints(deps.kv, page) },
    async (batch) => {
      total += batch.length;
      // Few exports are behind at all; only those cost more reads.
      const behind = batch.filter(({ checkpoint }) =>
        checkpoint.fault !== null || mayLagMs(checkpoint, deps.now()) > LAGGING_MS
      );
      for (const { id, checkpoint } of behind) {
        const lagMs = await exportLagMs(deps, id, checkpoint);
        const error = checkpoint.fault?.message ?? null;
        if (error !== null) failing++;
        else if (lagMs <= LAGGING_MS) continue;
        lagging++;
        worst.add({ id, lagMs, error });
      }
    },
  );
  if (total === 0) return null;
  return {
    is_on: deps.continuous.isOn,
    total,
    failing,
    lagging,
    is_complete: isComplete,
    worst: worst.items.map(({ id, lagMs, error }) => ({
      device_id: id,
      lag_seconds: lagMs / 1_000,
      error,
    })),
  };
}

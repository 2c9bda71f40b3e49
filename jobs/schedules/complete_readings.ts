/**
 * Exports that wait for late readings: an export of a schedule that requires completeness runs when
 * enough readings are there, and at the latest at its deadline.
 *
 * @module
 */

import { exportSpecOf } from "../exports/export_contract.ts";
import { sampleCadence } from "../../kv/series/sampled_cadence.ts";
import { MINUTE_MS } from "../../data/limits.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type JobKind, RunLater } from "../engine/job_kind.ts";
import { scheduledRunOf } from "./schedule_contract.ts";

/** How often readings are counted while an export waits, milliseconds. */
const COUNT_EVERY_MS: number = 5 * MINUTE_MS;

/** What waiting needs. */
export interface CompleteDeps {
  /** The store of readings. */
  readonly series: Pick<SeriesStore, "read" | "count">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** A kind of export whose runs wait for late readings if their schedule requires it. */
export function waitsForReadings(deps: CompleteDeps, kind: JobKind): JobKind {
  return {
    ...kind,
    async run(context) {
      const { waitsFor } = scheduledRunOf(context.params);
      if (waitsFor === null) return await kind.run(context);
      const { least, untilMs } = waitsFor;
      const completeness = await completenessOf(deps, exportSpecOf(context.params), context.signal);
      const nowMs = deps.now();
      if (completeness < least && nowMs < untilMs) {
        const reason = `${completeness} of the readings are there, ${least} are required`;
        throw new RunLater(reason, Math.min(nowMs + COUNT_EVERY_MS, untilMs));
      }
      const { artifact, result } = await kind.run(context);
      const counts = typeof result === "object" && !Array.isArray(result) ? result : {};
      return { artifact, result: { ...counts, completeness } };
    },
  };
}

/**
 * The share of the expected readings of an export that are there, 0 to 1, rounded down to four digits.
 * A source is expected to go on at its cadence for the whole range; one without a cadence lacks all.
 */
export async function completenessOf(
  { series }: CompleteDeps,
  { ids, profile, fromMs, toMs }: Pick<ExportSpec, "ids" | "profile" | "fromMs" | "toMs">,
  signal: AbortSignal,
): Promise<number> {
  const span = { fromMs, toMs };
  let sum = 0;
  for (const id of ids) {
    signal.throwIfAborted();
    const ref = { profile, id };
    const cadenceMs = await sampleCadence(series, ref, { ...span, signal });
    if (cadenceMs === null) continue;
    const { count } = await series.count(ref, span);
    sum += Math.min(1, count / Math.max(1, (toMs - fromMs) / cadenceMs));
  }
  return Math.floor(sum / ids.length * 10_000 + 1e-9) / 10_000;
}

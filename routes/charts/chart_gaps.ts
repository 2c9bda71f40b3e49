/**
 * The gaps of a source: where readings are missing at the cadence at which it measures.
 *
 * @module
 */

import type { FileGap } from "../../data/encoders/encoder.ts";
import { createGapFinder } from "../../data/exports/cadence.ts";
import type { Span } from "../../data/readings/page.ts";
import { sampleCadence } from "../../kv/series/sampled_cadence.ts";
import type { ChartDeps, ChartSource } from "./chart_source.ts";

/** A gap: from its first missing reading to where readings go on. */
export type Gap = Omit<FileGap, "source">;

/** The gaps of a range. */
export interface Gaps {
  /** The part of the range that lies between the first and the last reading. */
  readonly span: Span;
  /** How often the source measures, milliseconds; null if nobody knows. */
  readonly cadenceMs: number | null;
  /** How many readings there are. */
  readonly readings: number;
  /** How many readings are missing. */
  readonly missing: number;
  /** How many gaps there are. */
  readonly count: number;
  /** The first of them, in the order of time. */
  readonly gaps: readonly Gap[];
}

/**
 * Finds the gaps of a range, and keeps the first `limit` of them. Before its first reading and after
 * its last one a source has no gaps.
 */
export async function readGaps(
  { series }: Pick<ChartDeps, "series">,
  { ref, info }: ChartSource,
  { span: asked, limit, signal }: { span: Span; limit: number; signal: AbortSignal },
): Promise<Gaps> {
  const fromMs = Math.max(asked.fromMs, info?.firstMs ?? asked.fromMs);
  const toMs = Math.max(fromMs, Math.min(asked.toMs, (info?.lastMs ?? -1) + 1));
  const span = { fromMs, toMs };
  const none = { span, readings: 0, missing: 0, count: 0, gaps: [] };
  if (fromMs === toMs) return { ...none, cadenceMs: null };
  const cadenceMs = await sampleCadence(series, ref, { ...span, signal });
  if (cadenceMs === null) return { ...none, cadenceMs, readings: 1 };
  const gaps: Gap[] = [];
  let count = 0, readings = 0;
  const finder = createGapFinder({
    span,
    cadenceMs,
    onGap(gap) {
      count++;
      if (gaps.length < limit) gaps.push(gap);
    },
  });
  const read = { ...span, only: [], reusesMemory: true };
  for await (const { timesMs } of series.read(ref, read, signal)) {
    finder.add(timesMs);
    readings += timesMs.length;
  }
  return { span, cadenceMs, readings, missing: finder.end(), count, gaps };
}

/**
 * How often a source measures, found from a few days of its readings.
 *
 * @module
 */

import { createCadenceMeter } from "../../data/exports/cadence.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import type { SeriesRef } from "./ref.ts";
import type { SeriesStore } from "./store.ts";

/** How much of the span is looked at in each of three places, milliseconds. */
const STRETCH_MS = 2 * DAY_MS;
/** The most readings that are looked at in one place. */
const STRETCH_READINGS = 5_000;
/** With fewer readings than this, the span counts from its start. */
const ENOUGH_READINGS = 32;
/** All times that a series can have. */
const ALL_TIME: Span = { fromMs: -8.64e15, toMs: 8.64e15 };

/**
 * The most common distance between readings at the start, in the middle and at the end of the
 * readings in a span, milliseconds. A span with fewer than two readings is one long gap, so the first
 * readings of the series count instead; null if it has fewer than two.
 */
export async function sampleCadence(
  series: Pick<SeriesStore, "read">,
  ref: SeriesRef,
  { fromMs, toMs, signal }: Span & { signal: AbortSignal },
): Promise<number | null> {
  const meter = createCadenceMeter();
  let readings = 0;

  async function look(span: Span, most: number): Promise<void> {
    meter.beginStretch();
    const end = readings + most;
    for await (const { timesMs } of series.read(ref, { ...span, only: [] }, signal)) {
      meter.add(timesMs);
      readings += timesMs.length;
      if (readings >= end) return;
    }
  }

  const lengthMs = toMs - fromMs;
  if (lengthMs > 3 * STRETCH_MS) {
    for (const startMs of [fromMs, fromMs + lengthMs / 2, toMs - STRETCH_MS]) {
      const atMs = Math.floor(startMs);
      await look({ fromMs: atMs, toMs: atMs + STRETCH_MS }, STRETCH_READINGS);
    }
  }
  if (readings < ENOUGH_READINGS) await look({ fromMs, toMs }, STRETCH_READINGS);
  if (readings < 2) await look(ALL_TIME, STRETCH_READINGS);
  return meter.cadenceMs();
}

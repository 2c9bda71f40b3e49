/**
 * The metric that a chart shows if nobody names one.
 *
 * @module
 */

import { DAY_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import type { ChartDeps, ChartSource } from "./chart_source.ts";
import { metricNamed } from "./query_schemas.ts";

/** How much is looked at in each place, milliseconds. */
const STRETCH_MS = 2 * DAY_MS;
/** The most readings that are looked at in one place. */
const STRETCH_READINGS = 5_000;

/**
 * The index of the metric that a request names. Of a source it does not name one for, a metric that
 * measures a power and has values in the span, else the first one that has values, as a few days at
 * the end, in the middle and at the start of the readings show.
 *
 * @throws {AppError} INVALID_REQUEST if the source has no metric of the name.
 */
export async function shownMetric(
  { series }: Pick<ChartDeps, "series">,
  { ref, profile, info }: ChartSource,
  { name, span, signal }: { name: string | undefined; span: Span; signal: AbortSignal },
): Promise<number> {
  const { metrics } = profile;
  if (name !== undefined) return metricNamed("metric", name, metrics);
  const powers = metrics.flatMap(({ unit }, index) => unit === "kW" || unit === "W" ? [index] : []);
  const wanted = [...powers, ...metrics.keys().filter((index) => !powers.includes(index))];
  if (info === null) return wanted[0];
  const fromMs = Math.max(span.fromMs, info.firstMs);
  const toMs = Math.min(span.toMs, info.lastMs + 1);
  const known = new Set<number>();
  for (const startMs of [toMs - STRETCH_MS, (fromMs + toMs) / 2, fromMs]) {
    const atMs = Math.max(fromMs, Math.floor(startMs));
    const stretch = { fromMs: atMs, toMs: Math.min(toMs, atMs + STRETCH_MS) };
    if (stretch.fromMs >= stretch.toMs) break;
    let readings = 0;
    for await (const { timesMs, columns } of series.read(ref, { ...stretch, profile }, signal)) {
      for (const index of wanted) {
        if (!known.has(index) && hasValue(columns[index].values)) known.add(index);
      }
      readings += timesMs.length;
      if (known.has(wanted[0]) || readings >= STRETCH_READINGS) break;
    }
    if (known.has(wanted[0])) break;
  }
  return wanted.find((index) => known.has(index)) ?? wanted[0];
}

function hasValue(values: ArrayLike<number>): boolean {
  for (let row = 0; row < values.length; row++) {
    if (!Number.isNaN(values[row])) return true;
  }
  return false;
}

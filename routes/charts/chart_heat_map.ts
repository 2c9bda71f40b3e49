/**
 * A year of a source as a grid of days and times of day.
 *
 * @module
 */

import {
  createHeatMap,
  type HeatCells,
  type HeatMap,
  slotFor,
  yearSpan,
} from "../../data/charts/heat_map.ts";
import { sampleCadence } from "../../kv/series/sampled_cadence.ts";
import type { ChartDeps, ChartSource } from "./chart_source.ts";

/** The grid with its cells. */
export interface ChartHeatMap extends Pick<HeatMap, "firstDate" | "days" | "slots" | "changes"> {
  /** The length of a slot, milliseconds. */
  readonly slotMs: number;
  /** The values. */
  readonly cells: HeatCells;
}

/** Reads the grid of a metric. Without a length of slots, it is the cadence of the source. */
export async function readHeatMap(
  { series }: Pick<ChartDeps, "series">,
  { ref, profile }: ChartSource,
  { year, zone, metric, slotMs: wanted, signal }: {
    year: number;
    zone: string;
    metric: number;
    slotMs: number | null;
    signal: AbortSignal;
  },
): Promise<ChartHeatMap> {
  const span = yearSpan(zone, year);
  const slotMs = wanted ?? slotFor(await sampleCadence(series, ref, { ...span, signal }));
  const { aggregate } = profile.metrics[metric];
  const map = createHeatMap({ year, zone, slotMs, metric, aggregate });
  const read = { ...span, profile, only: [metric], reusesMemory: true };
  for await (const page of series.read(ref, read, signal)) map.add(page);
  const { firstDate, days, slots, changes } = map;
  return { firstDate, days, slots, changes, slotMs, cells: map.cells() };
}

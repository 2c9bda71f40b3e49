/**
 * Readings of one meter by metric.
 *
 * @module
 */

import type { MeterBatch } from "../imports/meter_rows.ts";
import { gatherPage, type Page } from "../readings/page.ts";

/**
 * The readings of a batch by their metric, as parts of readings: another part of the file may bring
 * other metrics of the same times. Each of them must have one metric.
 */
export function partsOf({ batch, ...meter }: MeterBatch): MeterBatch[] {
  const { page, places } = batch;
  const metrics = page.columns.flatMap((_, metric) => hasValue(page, metric) ? [metric] : []);
  if (metrics.length === 1) {
    return [{ ...meter, batch: { ...batch, page: partial(page) }, part: metrics[0] }];
  }
  return metrics.map((metric) => {
    const { values } = page.columns[metric];
    const rows = Uint32Array.from(places.keys()).filter((row) => values[row] === values[row]);
    const placesOf = Float64Array.from(rows, (row) => places[row]);
    return {
      ...meter,
      batch: { page: partial(gatherPage(page, rows)), places: placesOf },
      part: metric,
    };
  });
}

function hasValue({ columns }: Page, metric: number): boolean {
  const { values } = columns[metric];
  for (const value of values) if (value === value) return true;
  return false;
}

function partial(page: Page): Page {
  return { ...page, isPartial: true };
}

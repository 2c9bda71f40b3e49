/**
 * The columns of an export, taken from pages of readings as they are.
 *
 * @module
 */

import type { Column, Page } from "../readings/page.ts";
import type { Output } from "./outputs.ts";

/** Takes the columns of the outputs from a page. Shares its memory. */
export function createColumnSelection(outputs: readonly Output[]): (page: Page) => Page {
  const isInOrder = outputs.every(({ metric }, index) => metric === index);
  return (page) => {
    if (isInOrder && page.columns.length === outputs.length) return page;
    const { timesMs } = page;
    const columns = outputs.map(({ metric }) => page.columns[metric] ?? missing(timesMs.length));
    return { timesMs, columns };
  };
}

/** A page that is older than a metric has no values of it. */
function missing(rows: number): Column {
  return { scale: 0, values: new Float64Array(rows).fill(NaN) };
}

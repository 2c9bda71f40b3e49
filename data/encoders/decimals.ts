/**
 * Finds how many decimals the values of columns have, for formats that give all values of a column the
 * same number.
 *
 * @module
 */

import { FLOAT, powerOfTen, scaleOf } from "../readings/decimal.ts";
import type { FileHead, SourcePage } from "./encoder.ts";
import type { Column, Page } from "../readings/page.ts";

/** Looks at pages. */
export interface DecimalsMeter {
  /** Looks at the values of a page. */
  add(page: Page): void;
  /** The decimals of each column so far; null if it has a value that no 15 digits hold exactly. */
  decimals(): (number | null)[];
}

/** A meter for pages of some columns. The result does not depend on how values are stored. */
export function createDecimalsMeter(columnCount: number): DecimalsMeter {
  const found: (number | null)[] = new Array(columnCount).fill(0);
  return {
    add({ columns }) {
      columns.forEach((column, index) => {
        const before = found[index];
        if (before !== null) found[index] = decimalsOf(column, before);
      });
    },
    decimals: () => [...found],
  };
}

/** The decimals of a column, at least `least`. Only a finer column than all before is looked at. */
function decimalsOf({ scale, values }: Column, least: number): number | null {
  let decimals = least;
  if (scale === FLOAT) {
    for (const value of values) {
      const own = scaleOf(value);
      if (own === FLOAT) return null;
      decimals = Math.max(decimals, own);
    }
    return decimals;
  }
  for (const value of values) {
    if (decimals >= scale) break;
    while (decimals < scale && value === value && value % powerOfTen(scale - decimals) !== 0) {
      decimals++;
    }
  }
  return decimals;
}

/** A head with the decimals of its columns, found in the rows that the file will have. */
export async function withDecimals(
  head: FileHead,
  pages: AsyncIterable<SourcePage>,
): Promise<FileHead> {
  const meter = createDecimalsMeter(head.columns.length);
  for await (const { page } of pages) meter.add(page);
  const decimals = meter.decimals();
  const columns = head.columns.map((column, index) => ({ ...column, decimals: decimals[index] }));
  return { ...head, columns };
}

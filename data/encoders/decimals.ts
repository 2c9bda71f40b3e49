/**
 * Finds how many decimals the values of columns have, for formats that give all values of a column the
 * same number.
 *
 * @module
 */

import { FLOAT, powerOfTen, scaleOf, toNumber } from "../readings/decimal.ts";
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

/** The greatest integer that values become in files: `Int48` in the schema of ESPI. */
export const FILE_INTEGER_MAX: number = 2 ** 47 - 1;

/**
 * A head with the decimals of its columns, found in the rows that the file will have. They are fewer
 * where a value would not fit into {@link FILE_INTEGER_MAX} with all of them.
 */
export async function withDecimals(
  head: FileHead,
  pages: AsyncIterable<SourcePage>,
): Promise<FileHead> {
  const meter = createDecimalsMeter(head.columns.length);
  const greatest = head.columns.map(() => 1);
  for await (const { page } of pages) {
    meter.add(page);
    page.columns.forEach((column, index) => {
      greatest[index] = Math.max(greatest[index], greatestSize(column));
    });
  }
  const found = meter.decimals();
  const columns = head.columns.map((column, index) => {
    const most = Math.floor(Math.log10(FILE_INTEGER_MAX / greatest[index]));
    const decimals = found[index];
    return {
      ...column,
      decimals: decimals === null ? null : Math.max(0, Math.min(decimals, most)),
    };
  });
  return { ...head, columns };
}

function greatestSize({ scale, values }: Column): number {
  let greatest = 0;
  // Iterating over the values takes several times as long.
  for (let row = 0; row < values.length; row++) {
    const size = Math.abs(values[row]);
    if (size > greatest) greatest = size;
  }
  return toNumber(greatest, scale);
}

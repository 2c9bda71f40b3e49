/**
 * Names of the rows of a table from which rows are taken while others stay.
 *
 * @module
 */

import { lowerBound } from "../readings/page.ts";

/** Names of rows: numbers from 0 on that ascend with the rows and stay the same. */
export interface RowNames {
  /** The name of a row, by its index. */
  nameOf(index: number): number;
  /** The index of the row with a name. */
  indexOf(name: number): number;
  /** Says that of so many rows all are taken except some, whose indexes ascend. */
  take(count: number, kept: Uint32Array): void;
}

/** Names of the rows of an empty table. */
export function createRowNames(): RowNames {
  /** The names of the rows that stayed; those after them have the names from `next` on. */
  let stayed = new Float64Array(0), next = 0;

  function nameOf(index: number): number {
    return index < stayed.length ? stayed[index] : next + index - stayed.length;
  }

  return {
    nameOf,
    indexOf: (name) => name < next ? lowerBound(stayed, name) : name - next + stayed.length,
    take(count, kept) {
      const names = Float64Array.from(kept, nameOf);
      next = nameOf(count);
      stayed = names;
    },
  };
}

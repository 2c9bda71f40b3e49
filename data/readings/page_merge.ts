/**
 * Sorting and merging pages. If two readings have the same time, the later write wins.
 *
 * @module
 */

import { type Column, concatPages, gatherPage, type Page } from "./page.ts";

/** The result of merging new readings into existing ones. */
export interface Merge {
  /** All readings, ascending. If nothing changed, it is the identical base page. */
  readonly page: Page;
  /** How many of the new readings have a time that did not exist. */
  readonly inserted: number;
  /** How many replaced a reading with other values. */
  readonly updated: number;
  /** How many equal the reading that was already there. */
  readonly unchanged: number;
}

/** Sorts readings by time. If a time occurs more than once, the last row wins. */
export function sortPage(page: Page): Page {
  const { timesMs } = page;
  let ascending = true;
  for (let i = 1; i < timesMs.length && ascending; i++) ascending = timesMs[i - 1] < timesMs[i];
  if (ascending) return page;
  const order = Uint32Array.from(timesMs, (_, index) => index)
    .sort((a, b) => timesMs[a] - timesMs[b] || a - b);
  let kept = 0;
  for (let i = 0; i < order.length; i++) {
    const isLastOfItsTime = i + 1 === order.length ||
      timesMs[order[i]] !== timesMs[order[i + 1]];
    if (isLastOfItsTime) order[kept++] = order[i];
  }
  return gatherPage(page, order.subarray(0, kept));
}

/**
 * Merges one ascending page over another, and counts what that changes in the base page. If the upper
 * one is partial, a reading that both have keeps the values that only the lower one has.
 */
export function mergePages(base: Page, over: Page): Merge {
  const count = over.timesMs.length;
  if (count === 0) return { page: base, inserted: 0, updated: 0, unchanged: 0 };
  const allNew = { inserted: count, updated: 0, unchanged: 0 };
  if (base.timesMs.length === 0) return { page: over, ...allNew };
  if (base.timesMs[base.timesMs.length - 1] < over.timesMs[0]) {
    return { page: concatPages([base, over]), ...allNew };
  }
  if (repeats(base, over)) return { page: base, inserted: 0, updated: 0, unchanged: count };
  return interleave(base, over);
}

/** Whether the new readings are those that are there, in the same form, as in a repeated upload. */
function repeats(base: Page, over: Page): boolean {
  const { length } = base.timesMs;
  if (over.timesMs.length !== length || over.columns.length !== base.columns.length) return false;
  for (let row = 0; row < length; row++) if (base.timesMs[row] !== over.timesMs[row]) return false;
  for (let index = 0; index < base.columns.length; index++) {
    const { scale, values } = base.columns[index];
    const other = over.columns[index];
    // A column without values has any scale.
    const isSame = other.scale === scale;
    for (let row = 0; row < length; row++) {
      const value = other.values[row];
      if (value === value ? !isSame || value !== values[row] : isReplaced(over, values[row])) {
        return false;
      }
    }
  }
  return true;
}

/** Whether a missing value of a new reading replaces one that is there. */
function isReplaced({ isPartial }: Page, value: number): boolean {
  return value === value && isPartial !== true;
}

/** Concatenates base rows and new rows, then selects the winning row of each time, in order. */
function interleave(base: Page, over: Page): Merge {
  const baseCount = base.timesMs.length;
  const overCount = over.timesMs.length;
  const both = concatPages([base, over]);
  const order = new Uint32Array(baseCount + overCount);
  let length = 0, updated = 0, unchanged = 0, i = 0, j = 0;
  while (i < baseCount || j < overCount) {
    const baseMs = i < baseCount ? base.timesMs[i] : Infinity;
    const overMs = j < overCount ? over.timesMs[j] : Infinity;
    if (baseMs < overMs) {
      order[length++] = i++;
      continue;
    }
    if (baseMs === overMs) {
      if (over.isPartial) fillMissing(both.columns, i, baseCount + j);
      if (sameValues(both.columns, i, baseCount + j)) unchanged++;
      else updated++;
      i++;
    }
    order[length++] = baseCount + j++;
  }
  if (unchanged === overCount) return { page: base, inserted: 0, updated, unchanged };
  const page = gatherPage(both, order.subarray(0, length));
  return { page, inserted: overCount - updated - unchanged, updated, unchanged };
}

/** Gives row `to` the values of row `from` where it has none. */
function fillMissing(columns: readonly Column[], from: number, to: number): void {
  for (const { values } of columns) if (values[to] !== values[to]) values[to] = values[from];
}

function sameValues(columns: readonly Column[], a: number, b: number): boolean {
  for (const { values } of columns) {
    const one = values[a], other = values[b];
    if (one !== other && (one === one || other === other)) return false;
  }
  return true;
}

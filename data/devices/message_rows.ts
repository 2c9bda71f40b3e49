/**
 * Single messages as rows of pages that they share. An array of numbers costs about as much as everything
 * else that is made of a message, and a page has one for each metric.
 *
 * @module
 */

import { FLOAT } from "../readings/decimal.ts";
import type { Page, Rows } from "../readings/page.ts";
import type { Profile } from "../readings/profile.ts";
import type { Telemetry } from "./message.ts";

/** Readings of a page. It stays in memory until the last of them is durable. */
const PAGE_ROWS = 256;

/** A message as a row. */
export interface MessageRow {
  /** The page, whose other rows are other messages, or will be. */
  readonly page: Page;
  /** Its row. */
  readonly rows: Rows;
}

/** A page that has room for more messages. */
interface OpenPage {
  readonly page: Page;
  count: number;
}

/** Puts messages into pages, one page after the other for each profile. */
export function createMessageRows(): (telemetry: Telemetry) => MessageRow {
  const open = new WeakMap<Profile, OpenPage>();
  return ({ profile, timeMs, values }) => {
    let own = open.get(profile);
    if (own === undefined || own.count === PAGE_ROWS) {
      open.set(profile, own = { page: emptyRows(profile), count: 0 });
    }
    const { page } = own, start = own.count++;
    page.timesMs[start] = timeMs;
    for (let index = 0; index < values.length; index++) {
      page.columns[index].values[start] = values[index];
    }
    return { page, rows: { start, end: start + 1 } };
  };
}

function emptyRows({ metrics }: Profile): Page {
  return {
    timesMs: new Float64Array(PAGE_ROWS),
    columns: metrics.map(() => ({ scale: FLOAT, values: new Float64Array(PAGE_ROWS) })),
  };
}

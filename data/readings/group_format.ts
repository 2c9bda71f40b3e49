/**
 * The binary form of a group: readings of many series in one value, by column. All numbers are
 * little-endian.
 *
 * | bytes | content |
 * |---|---|
 * | 0 | format, 2 |
 * | 4–7 | bytes of the writer's name, u32 |
 * | 8–15 | number of the first item, f64 |
 * | 16–23 | length of the window in which requests are counted, milliseconds, f64 |
 * | 24– | the name of the writer, UTF-8, padded to 8 bytes; then the sections |
 *
 * A section holds the items of one profile. It begins at a multiple of 8 bytes:
 *
 * | bytes | content |
 * |---|---|
 * | 0–3 | number of items, u32 |
 * | 4–7 | bytes of the page, u32 |
 * | 8–11 | bytes of the names, u32 |
 * | 12–13 | characters of the profile's name, u16 |
 * | 14 | bytes per number of readings (0, 2); with 0, each item has one reading |
 * | 15 | bytes per length of an id (1, 2) |
 * | 16 | receipts: 0 none; otherwise the bytes per time of receipt (2, 4, 8), or 1 if all are the same |
 * | 17 | bytes per number of requests (0, 1); with 0, each item counts as one request. 255 stands for an item without a receipt |
 * | 18 | bytes per length of a state (0, 2); with 0, no item has one |
 * | 20–23 | bytes of the states, u32 |
 * | 24–31 | earliest receipt, epoch milliseconds, f64 |
 *
 * Then follow, each padded to 8 bytes: the page with the readings of all items one after the other
 * (`page_format.ts`), the times of receipt as milliseconds after the earliest, the numbers of
 * readings, the lengths of the ids in UTF-16 code units, the numbers of requests, the lengths of the
 * states (0 for none), the states, and as one UTF-8 text the name of the profile and the ids.
 *
 * `group_encoder.ts` writes this form, `group_decoder.ts` reads it.
 *
 * @module
 */

import type { Page, Rows } from "./page.ts";

/** The format of groups. */
export const GROUP_FORMAT = 2;
/** Bytes before the name of the writer. */
export const GROUP_HEADER_BYTES = 24;
/** Bytes of the header of a section. */
export const SECTION_HEADER_BYTES = 32;
/** Receipts: none. */
export const RECEIPTS_NONE = 0;
/** Receipts: one time for all. */
export const RECEIPTS_SAME = 1;
/** The number of requests of an item without a receipt. */
export const NO_RECEIPT = 255;

/** That something was received from a device. */
export interface Receipt {
  /** When, epoch milliseconds. */
  readonly receivedMs: number;
  /** How many requests it counts as, 0 to 254. */
  readonly requests: number;
}

/** What an item of a group holds: readings of one series that arrived together. */
export interface GroupItem {
  /** The profile of the series. */
  readonly profile: string;
  /** The id of the series. */
  readonly id: string;
  /** A page with the readings, in any order. */
  readonly page: Page;
  /** Which rows of the page they are, maybe none; all by default. */
  readonly rows?: Rows | undefined;
  /** When they were received; null if nobody counts that. */
  readonly receipt: Receipt | null;
  /**
   * What else is to be known of the series, 1 to 65,535 bytes that have a meaning only to those who
   * write and read groups; null if nothing.
   */
  readonly state: Uint8Array | null;
}

/** What all items of a group have in common. */
export interface GroupHead {
  /** The process that writes it. */
  readonly writer: string;
  /** The number of the first item. The others follow without a gap. */
  readonly firstNumber: number;
  /** The window in which requests are counted, milliseconds. */
  readonly windowMs: number;
}

/** Which rows of its page are the readings of an item. */
export function rowsOfItem({ page, rows }: Pick<GroupItem, "page" | "rows">): Rows {
  return rows ?? { start: 0, end: page.timesMs.length };
}

/** How many readings an item has. */
export function readingsOfItem({ page, rows }: Pick<GroupItem, "page" | "rows">): number {
  return rows === undefined ? page.timesMs.length : rows.end - rows.start;
}

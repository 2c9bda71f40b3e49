/**
 * A group of ingest as records of a log, each of which a commit can carry out.
 *
 * @module
 */

import { DAY_MS } from "../../data/limits.ts";
import { encodeGroups } from "../../data/readings/group_encoder.ts";
import { type GroupItem, readingsOfItem, rowsOfItem } from "../../data/readings/group_format.ts";
import { type Cost, packByCost } from "../budget.ts";
import type { GroupedReadings, IngestGroup } from "../journal/group.ts";

/** Most bytes of a record, below the 65,536 of a value. */
const RECORD_MAX_BYTES = 65_000;
/** What carrying out a record may change at most, so that it fits one commit. */
const RECORD_ROOM: Cost = { mutations: 600, keyBytes: 55_000, bytes: 400_000 };
/** Most days of an item. */
const ITEM_MAX_DAYS = 100;
/** Entries of a series besides its days: a segment, a count and a revision. */
const SERIES_MUTATIONS = 3;
/** About how many bytes a key of a series has besides the profile and the id; the name of a segment. */
const KEY_REST_BYTES = 30, SEGMENT_NAME_BYTES = 50;
/** Bytes of the header of a page, and of each of its columns. */
const PAGE_BYTES = 24, COLUMN_BYTES = 16;

/**
 * Encodes a group. The first item of each device that was received has its last-seen record as its state.
 * The result is the same if it is called again.
 */
export function packGroup({ writer, items }: IngestGroup): Uint8Array[] {
  setStates(items);
  const head = { writer, firstNumber: 0, windowMs: 0 };
  const writerBytes = textBytes(writer);
  const costly = items.flatMap(withFewDays)
    .map((item) => ({ item, cost: costOf(item, writerBytes) }));
  return packByCost(costly, { room: RECORD_ROOM })
    .flatMap((some) => encodeGroups(head, some.map(({ item }) => item), RECORD_MAX_BYTES))
    .map(({ bytes }) => bytes);
}

/** A last-seen record has everything that was received until now, so each device needs it once. */
function setStates(items: readonly GroupedReadings[]): void {
  const said = new Set<string>();
  for (const item of items) {
    if (item.receipt === null || said.has(item.id)) item.state = null;
    else {
      item.state ??= item.lastSeen();
      said.add(item.id);
    }
  }
}

/** An item that has few days, or its parts that have. */
function withFewDays({ profile, id, page, ...item }: GroupedReadings): GroupItem[] {
  const { start, end } = rowsOfItem({ page, ...item });
  const own = { profile, id, page, receipt: null };
  if (end - start <= ITEM_MAX_DAYS) return [{ ...own, rows: item.rows, state: item.state }];
  const parts: GroupItem[] = [];
  for (let from = start; from < end;) {
    const to = endOfDays(page.timesMs, from, end);
    const state = from === start ? item.state : null;
    parts.push({ ...own, rows: { start: from, end: to }, state });
    from = to;
  }
  return parts;
}

/** Where rows from `start` on have had as many days as an item may have. */
function endOfDays(timesMs: Float64Array, start: number, end: number): number {
  let days = 1;
  for (let row = start + 1; row < end; row++) {
    if (isOtherDay(timesMs, row) && ++days > ITEM_MAX_DAYS) return row;
  }
  return end;
}

/** Whether a row is of another day than the one before. */
function isOtherDay(timesMs: Float64Array, row: number): boolean {
  return Math.floor(timesMs[row] / DAY_MS) !== Math.floor(timesMs[row - 1] / DAY_MS);
}

/** What carrying out an item changes. */
function costOf(item: GroupItem, writerBytes: number): Cost {
  const { profile, id, page: { columns }, state } = item;
  const days = daysOf(item), names = textBytes(profile) + textBytes(id);
  return {
    mutations: SERIES_MUTATIONS + days + (state === null ? 0 : 1),
    keyBytes: (SERIES_MUTATIONS + 1 + days) * (names + KEY_REST_BYTES) + SEGMENT_NAME_BYTES +
      writerBytes,
    bytes: PAGE_BYTES + COLUMN_BYTES * columns.length +
      8 * readingsOfItem(item) * (1 + columns.length) + (state?.length ?? 0),
  };
}

/** At least as many days as the readings of an item have. */
function daysOf(item: GroupItem): number {
  const { start, end } = rowsOfItem(item);
  let days = end > start ? 1 : 0;
  for (let row = start + 1; row < end; row++) if (isOtherDay(item.page.timesMs, row)) days++;
  return days;
}

/** An upper bound of the bytes of a text in a key. */
function textBytes(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : 3 * text.length;
}

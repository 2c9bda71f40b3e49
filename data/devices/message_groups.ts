/**
 * Collecting the readings of a batch by column, and giving them back by device.
 *
 * A batch may have a message each of thousands of devices. So the readings of a profile share a page, and
 * a group is some rows of it.
 *
 * @module
 */

import { FLOAT } from "../readings/decimal.ts";
import type { Page, Rows } from "../readings/page.ts";
import type { Profile } from "../readings/profile.ts";
import type { Place } from "../text/upload_reader.ts";
import type { Telemetry } from "./message.ts";
import type { TimestampForm } from "./timestamp.ts";

/** Messages of one device and profile, in the order in which they arrived. */
export interface MessageGroup {
  /** The device. */
  readonly id: string;
  /** The profile of the messages. */
  readonly profile: Profile;
  /** How the last of them gave its time. */
  readonly form: TimestampForm;
  /** The readings of all devices with the profile. */
  readonly page: Page;
  /** The rows of the page that are those of the device. */
  readonly rows: Rows;
  /** The place in the batch of each message of the page. */
  readonly pagePlaces: readonly Place[];
}

/** The place of each message of a group in the batch. */
export function placesOf({ pagePlaces, rows }: MessageGroup): readonly Place[] {
  return pagePlaces.slice(rows.start, rows.end);
}

/** Collects messages. */
export interface MessageGroups {
  /** Adds a message with the time of its reading. */
  add(telemetry: Telemetry, timeMs: number, place: Place): void;
  /** The messages that were added since the previous call, by device, in the order of their first one. */
  take(): MessageGroup[];
}

/** The messages of one device so far. */
interface OpenGroup {
  readonly id: string;
  readonly columns: OpenColumns;
  /** Its number among the groups of its profile. */
  readonly number: number;
  form: TimestampForm;
  count: number;
}

/** The messages of a profile so far, in the order of their arrival. */
interface OpenColumns {
  readonly profile: Profile;
  readonly groups: Map<string, OpenGroup>;
  /** The number of the group of each message. */
  numbers: Int32Array;
  timesMs: Float64Array;
  values: Float64Array[];
  readonly places: Place[];
}

/** Room for so many messages at first. */
const FIRST_ROOM = 64;

/** Creates a collection without messages. */
export function createMessageGroups(): MessageGroups {
  let byProfile = new Map<Profile, OpenColumns>();
  let all: OpenGroup[] = [];

  return {
    add({ deviceId: id, profile, form, values }, timeMs, place) {
      let columns = byProfile.get(profile);
      if (columns === undefined) byProfile.set(profile, columns = openColumns(profile));
      let group = columns.groups.get(id);
      if (group === undefined) {
        group = { id, columns, number: columns.groups.size, form, count: 0 };
        columns.groups.set(id, group);
        all.push(group);
      }
      group.form = form;
      group.count++;
      const row = columns.places.length;
      if (row === columns.timesMs.length) widen(columns);
      columns.timesMs[row] = timeMs;
      for (let index = 0; index < values.length; index++) {
        columns.values[index][row] = values[index];
      }
      columns.numbers[row] = group.number;
      columns.places.push(place);
    },
    take() {
      const sorted = new Map<OpenColumns, SortedColumns>();
      for (const columns of byProfile.values()) sorted.set(columns, sortColumns(columns));
      const groups: MessageGroup[] = [];
      for (const group of all) {
        const columns = sorted.get(group.columns);
        if (columns !== undefined) groups.push(closedGroup(group, columns));
      }
      byProfile = new Map();
      all = [];
      return groups;
    },
  };
}

function openColumns(profile: Profile): OpenColumns {
  return {
    profile,
    groups: new Map(),
    numbers: new Int32Array(FIRST_ROOM),
    timesMs: new Float64Array(FIRST_ROOM),
    values: profile.metrics.map(() => new Float64Array(FIRST_ROOM)),
    places: [],
  };
}

function widen(columns: OpenColumns): void {
  // Each widening allocates memory outside the heap, which costs more than the copy.
  const room = 4 * columns.timesMs.length;
  const widened = (from: Float64Array) => {
    const into = new Float64Array(room);
    into.set(from);
    return into;
  };
  columns.timesMs = widened(columns.timesMs);
  columns.values = columns.values.map(widened);
  const numbers = new Int32Array(room);
  numbers.set(columns.numbers);
  columns.numbers = numbers;
}

/** The messages of a profile, those of each group one after the other. */
interface SortedColumns {
  readonly page: Page;
  readonly places: readonly Place[];
  /** Where the rows of each group begin. */
  readonly starts: Int32Array;
}

function sortColumns(columns: OpenColumns): SortedColumns {
  const { groups, numbers, places } = columns;
  const count = places.length;
  const starts = new Int32Array(groups.size);
  let start = 0;
  for (const group of groups.values()) {
    starts[group.number] = start;
    start += group.count;
  }
  const timesMs = columns.timesMs.subarray(0, count);
  const values = columns.values.map((column) => column.subarray(0, count));
  // With one message of each device, they are in order.
  if (groups.size === count) return { page: pageOf(timesMs, values), places, starts };
  const ends = starts.slice();
  const from = new Int32Array(count);
  for (let row = 0; row < count; row++) from[ends[numbers[row]]++] = row;
  const gathered = (column: Float64Array) => {
    const into = new Float64Array(count);
    for (let row = 0; row < count; row++) into[row] = column[from[row]];
    return into;
  };
  return {
    page: pageOf(gathered(timesMs), values.map(gathered)),
    places: Array.from(from, (row) => places[row]),
    starts,
  };
}

function pageOf(timesMs: Float64Array, values: readonly Float64Array[]): Page {
  return { timesMs, columns: values.map((column) => ({ scale: FLOAT, values: column })) };
}

function closedGroup(
  { id, columns: { profile }, number, form, count }: OpenGroup,
  { page, places: pagePlaces, starts }: SortedColumns,
): MessageGroup {
  const start = starts[number];
  return { id, profile, form, page, rows: { start, end: start + count }, pagePlaces };
}

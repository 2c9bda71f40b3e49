/**
 * What the records of a log bring, in both forms: readings of series, and entries of devices.
 *
 * A commit of ingest is a group: readings by column, with the last-seen record of each device as its state
 * (`data/readings/group_format.ts`). What else a commit changes, and what was written up to 0.12, are
 * changes (`kv/journal/record.ts`): a segment, with the key of its series, or an entry of a device.
 *
 * @module
 */

import { requireWhole } from "../../data/devices/last_seen_record.ts";
import {
  type DecodedGroup,
  decodeGroup,
  idsOf,
  isGroup,
  rowStarts,
  statesOf,
} from "../../data/readings/group_decoder.ts";
import { sectionRows } from "../../data/readings/group_rows.ts";
import type { Page } from "../../data/readings/page.ts";
import { decodePage } from "../../data/readings/page_decoder.ts";
import { type Change, decodeRecord } from "../journal/record.ts";
import type { SeriesRef } from "../series/ref.ts";
import { SEGMENT_SPACE } from "../series/segments.ts";

/** Readings of one series that arrived together. */
export interface Arrived extends SeriesRef {
  /** The page as it is stored; null if the readings are rows of a group. */
  readonly stored: Uint8Array | null;
  /**
   * The readings.
   *
   * @throws {SyntaxError} if the stored page is damaged.
   */
  page(): Page;
}

/** What a record brings. */
export interface RecordContent {
  /** Readings, in the order of their arrival. */
  readonly arrived: readonly Arrived[];
  /** Entries of devices that it sets or deletes. */
  readonly entries: readonly Change[];
}

/** What a record brings that cannot be decoded. */
export const NO_CONTENT: RecordContent = { arrived: [], entries: [] };

/**
 * Decodes a record. The result shares its memory. `deviceSpace` is that of the entries of devices.
 *
 * @throws {SyntaxError} when the bytes are of another format or cut short.
 */
export function decodeContent(bytes: Uint8Array, deviceSpace: string): RecordContent {
  return isGroup(bytes)
    ? contentOfGroup(decodeGroup(bytes), deviceSpace)
    : contentOfChanges(decodeRecord(bytes));
}

function contentOfGroup({ writer, sections }: DecodedGroup, deviceSpace: string): RecordContent {
  const arrived: Arrived[] = [], entries: Change[] = [];
  for (const section of sections) {
    const { profile } = section;
    const starts = rowStarts(section), states = statesOf(section);
    for (const [index, id] of idsOf(section).entries()) {
      const rows = { start: starts[index], end: starts[index + 1] };
      if (rows.start < rows.end) {
        arrived.push({ profile, id, stored: null, page: () => sectionRows(section, rows) });
      }
      const state = states[index];
      if (state === null) continue;
      requireWhole(state);
      entries.push({ key: [deviceSpace, id, writer], value: state });
    }
  }
  return { arrived, entries };
}

function contentOfChanges(changes: readonly Change[]): RecordContent {
  const arrived: Arrived[] = [], entries: Change[] = [];
  for (const change of changes) {
    const [space, profile, id] = change.key;
    if (space !== SEGMENT_SPACE) entries.push(change);
    else {
      // Nothing but bytes is written under these keys.
      const stored = change.value as Uint8Array;
      const ref = { profile: String(profile), id: String(id) };
      arrived.push({ ...ref, stored, page: () => decodePage(stored) });
    }
  }
  return { arrived, entries };
}

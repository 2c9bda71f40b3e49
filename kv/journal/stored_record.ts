/**
 * The records of a journal in all their forms, by their first byte: changes of entries, a group, or the
 * mark that says which records are done.
 *
 * The mark is 3, then the number of the last of these records (f64, little-endian). It exists only
 * while they are being deleted. If the process is killed then, the rest of them must not be applied:
 * what they add to is gone.
 *
 * @module
 */

import {
  type DecodedGroup,
  decodeGroup,
  isGroup,
  statesOf,
} from "../../data/readings/group_decoder.ts";
import { decodeState } from "./group.ts";
import { type Change, decodeRecord } from "./record.ts";

const DONE_FORMAT = 3;
const DONE_BYTES = 9;

/** A record. */
export type StoredRecord =
  & {
    /** How it is stored. */
    readonly bytes: Uint8Array;
  }
  & (
    | {
      /** The changes that it holds. Values that are bytes share its memory. */
      readonly changes: readonly Change[];
    }
    | {
      /** The group that it is. */
      readonly group: DecodedGroup;
      /** The ids of its items in order; null if nobody has decoded them. */
      readonly ids: readonly string[] | null;
    }
  );

/**
 * Decodes a record that is no mark.
 *
 * @throws {SyntaxError} when the bytes are of another format or cut short.
 */
export function decodeStoredRecord(bytes: Uint8Array): StoredRecord {
  if (!isGroup(bytes)) return { bytes, changes: decodeRecord(bytes) };
  const group = decodeGroup(bytes);
  for (const section of group.sections) {
    for (const state of statesOf(section)) if (state !== null) decodeState(state);
  }
  return { bytes, group, ids: null };
}

/** The mark that the records up to a number are done. */
export function encodeDone(upTo: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(DONE_BYTES);
  bytes[0] = DONE_FORMAT;
  new DataView(bytes.buffer).setFloat64(1, upTo, true);
  return bytes;
}

/** Up to which number records are done, by the mark; null if the bytes are none. */
export function doneUpTo(bytes: Uint8Array): number | null {
  if (bytes[0] !== DONE_FORMAT || bytes.length !== DONE_BYTES) return null;
  return new DataView(bytes.buffer, bytes.byteOffset, DONE_BYTES).getFloat64(1, true);
}

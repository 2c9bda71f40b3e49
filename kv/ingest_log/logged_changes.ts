/**
 * What a commit of ingest changes, as records hold it that are no groups.
 *
 * Of a series only the new segment is held: its count, its revision and its days follow from it when it is
 * carried out.
 *
 * @module
 */

import { CHANGED_SPACE } from "../series/changes.ts";
import { isRevisionKey } from "../series/revisions.ts";
import { SEGMENT_COUNT_SPACE } from "../series/segment_counts.ts";
import { SEGMENT_SPACE } from "../series/segments.ts";
import { type Change, encodeRecords } from "../journal/record.ts";
import type { LogSubjects } from "./log_state.ts";
import { decodeContent } from "./record_content.ts";

/** Most entries that carrying out a record may change, so that it fits one commit. */
const MUTATIONS = 600;
/** Most bytes of their keys, estimated. */
const KEY_BYTES = 55_000;
/** A key of a series has a space, a profile and an id. */
const MIN_SERIES_KEY = 3;

/** Whether the entry of a key follows from segments: the count, the revision and the days of a series. */
function isDerived(key: Deno.KvKey): boolean {
  return key[0] === SEGMENT_COUNT_SPACE || key[0] === CHANGED_SPACE || isRevisionKey(key);
}

/** A change that a record holds: a segment, with the key of its series, or an entry of a device. */
export interface LoggedChange extends Change {
  /** How many entries carrying it out changes. */
  mutations: number;
  /** About how many bytes their keys have. */
  keyBytes: number;
}

/** Collects what a commit of ingest changes. */
export interface ChangeList {
  /** The changes. */
  readonly changes: readonly LoggedChange[];
  /**
   * Sets an entry; undefined deletes it.
   *
   * @throws {TypeError} if a log cannot hold it.
   */
  set(key: Deno.KvKey, value: unknown): void;
  /** Adds to a number that follows from a segment. */
  sum(key: Deno.KvKey): void;
}

/** Creates an empty list. `deviceSpace` is that of the entries of devices, whose keys begin with an id. */
export function createChangeList(deviceSpace: string): ChangeList {
  const changes: LoggedChange[] = [];
  /** The last segment of each series: what follows from it comes after it. */
  const latest = new Map<string, LoggedChange>();

  function derive(key: Deno.KvKey): void {
    // That of a profile follows from all of its segments.
    if (key.length < MIN_SERIES_KEY) return;
    const change = latest.get(`${String(key[1])}/${String(key[2])}`);
    if (change === undefined) {
      throw new TypeError(`Cannot log as no segment goes with: ${String(key[0])}`);
    }
    change.mutations++;
    change.keyBytes += keyBytes(key);
  }

  return {
    changes,
    set(key, value) {
      const [space, profile, id] = key;
      if (isDerived(key)) return derive(key);
      const cost = { mutations: 1, keyBytes: keyBytes(key) };
      if (space === SEGMENT_SPACE && value instanceof Uint8Array) {
        const change = { key: [space, profile, id], value, ...cost };
        latest.set(`${String(profile)}/${String(id)}`, change);
        changes.push(change);
      } else if (space === deviceSpace && (value === undefined || value instanceof Uint8Array)) {
        changes.push({ key, value, ...cost });
      } else throw new TypeError(`Cannot log as only ingest may: ${String(space)}`);
    },
    sum(key) {
      if (!isDerived(key)) {
        throw new TypeError(`Cannot log as only ingest may: ${String(key[0])}`);
      }
      derive(key);
    },
  };
}

/** Encodes changes as few records, each of which a commit can carry out. */
export function packRecords(changes: readonly LoggedChange[]): Uint8Array[] {
  const groups: LoggedChange[][] = [];
  let mutations = Infinity, size = 0;
  for (const change of changes) {
    mutations += change.mutations;
    size += change.keyBytes;
    if (mutations > MUTATIONS || size > KEY_BYTES) {
      groups.push([]);
      mutations = change.mutations;
      size = change.keyBytes;
    }
    groups[groups.length - 1].push(change);
  }
  return groups.flatMap((group) => encodeRecords(group).map(({ bytes }) => bytes));
}

/** A record that changes nothing. */
export function emptyRecord(): Uint8Array {
  return encodeRecords([{ key: [], value: undefined }])[0].bytes.slice(0, 1);
}

/** What records bring and concern: series, profiles, and devices. */
export function subjectsIn(
  deviceSpace: string,
): Pick<LogSubjects, "contentOf" | "subjectsOf" | "subjectOf"> {
  return {
    contentOf: (bytes) => decodeContent(bytes, deviceSpace),
    subjectsOf({ arrived, entries }) {
      const subjects = new Set<string>();
      if (arrived.length > 0) subjects.add("series");
      for (const { profile, id } of arrived) {
        subjects.add(`series/${profile}`).add(`series/${profile}/${id}`);
      }
      if (entries.length > 0) subjects.add("device");
      for (const { key: [, id] } of entries) subjects.add(`device/${String(id)}`);
      return subjects;
    },
    subjectOf([space, first, id]) {
      if (space === undefined) return null;
      if (space === deviceSpace) return first === undefined ? "device" : `device/${String(first)}`;
      if (first === undefined) return "series";
      return id === undefined ? `series/${String(first)}` : `series/${String(first)}/${String(id)}`;
    },
  };
}

/** Whether records may change the entry of a key. */
export function isLogged(key: Deno.KvKey, deviceSpace: string): boolean {
  return key[0] === deviceSpace || key[0] === SEGMENT_SPACE || isDerived(key);
}

/** An upper bound of the bytes of a key. */
function keyBytes(key: Deno.KvKey): number {
  return key.reduce<number>(
    (sum, part) => sum + 2 + (typeof part === "string" ? 3 * part.length : 9),
    0,
  );
}

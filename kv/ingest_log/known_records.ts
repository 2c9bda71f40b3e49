/**
 * The records of all logs that a process knows and that are not carried out yet, and what they concern.
 *
 * @module
 */

import type { RecordContent } from "./record_content.ts";

/** A record as it is in the database. */
export interface KnownRecord extends RecordContent {
  /** Whose log it is in. */
  readonly writer: string;
  /** Its number in the log: 1 for the first one. */
  readonly number: number;
  /** Version of the commit that wrote it. */
  readonly versionstamp: string;
  /** What it concerns. */
  readonly subjects: Iterable<string>;
  /** Its length, bytes. */
  readonly sizeBytes: number;
  /** Since when it is known, milliseconds. */
  readonly knownMs: number;
  /** Its bytes if they cannot be decoded; else null. Then it brings nothing. */
  readonly damaged: Uint8Array | null;
}

/** The records that are not carried out. The numbers of each writer have no gap. */
export interface KnownRecords {
  /** Adds the next record of a writer. */
  add(record: KnownRecord): void;
  /** Forgets the records of a writer up to a number: they were carried out. */
  drop(writer: string, upTo: number): void;
  /** Forgets all records of a writer. */
  dropAll(writer: string): void;
  /** All records, in the order of their commits. */
  inOrder(): KnownRecord[];
  /** Whether there are any. */
  isEmpty(): boolean;
  /** Whether there are any of a writer. */
  isWriting(writer: string): boolean;
  /** How many series and devices they concern, and their bytes. */
  size(): { subjects: number; sizeBytes: number; records: number };
  /** Whether any of them may change an entry that a key, or a part of one, stands for. */
  concern(key: Deno.KvKey): boolean;
}

/** Creates an empty set. `onDrop` hears of every record that is forgotten. */
export function createKnownRecords(
  { subjectOf, onAdd = () => {}, onDrop = () => {} }: {
    /** What a key, or the common part of the keys of a range, stands for; null for everything. */
    readonly subjectOf: (key: Deno.KvKey) => string | null;
    readonly onAdd?: (record: KnownRecord) => void;
    readonly onDrop?: (record: KnownRecord) => void;
  },
): KnownRecords {
  const byWriter = new Map<string, KnownRecord[]>();
  const subjects = new Map<string, number>();
  let records = 0, sizeBytes = 0;

  function count(record: KnownRecord, step: 1 | -1): void {
    records += step;
    sizeBytes += step * record.sizeBytes;
    for (const subject of record.subjects) {
      const left = (subjects.get(subject) ?? 0) + step;
      if (left === 0) subjects.delete(subject);
      else subjects.set(subject, left);
    }
  }

  function drop(writer: string, upTo: number): void {
    const own = byWriter.get(writer);
    if (own === undefined) return;
    const kept = own.findIndex(({ number }) => number > upTo);
    const gone = own.splice(0, kept < 0 ? own.length : kept);
    if (own.length === 0) byWriter.delete(writer);
    for (const record of gone) {
      count(record, -1);
      onDrop(record);
    }
  }

  return {
    add(record) {
      const own = byWriter.get(record.writer);
      if (own === undefined) byWriter.set(record.writer, [record]);
      else own.push(record);
      count(record, 1);
      onAdd(record);
    },
    drop,
    dropAll: (writer) => drop(writer, Infinity),
    inOrder: () => [...byWriter.values()].flat().sort(compareRecords),
    isEmpty: () => records === 0,
    isWriting: (writer) => byWriter.has(writer),
    size: () => ({ subjects: subjects.size, sizeBytes, records }),
    concern(key) {
      if (records === 0) return false;
      const subject = subjectOf(key);
      return subject === null || subjects.has(subject);
    },
  };
}

/** The order of commits; records of one commit in the order of their numbers. */
function compareRecords(a: KnownRecord, b: KnownRecord): number {
  if (a.versionstamp !== b.versionstamp) return a.versionstamp < b.versionstamp ? -1 : 1;
  return a.number - b.number;
}

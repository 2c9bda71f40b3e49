/**
 * The keys of the logs of ingest, and what the two small ones hold.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["ingest", "record", writer, number]` | what a commit brings (`record_content.ts`) | a commit of ingest; deleted a moment after they were carried out |
 * | `["ingest", "writers"]` | `{ v: 2, writers }`: who may write records; `v` is 1 if none of them writes groups, as up to 0.12 | a process before its first record, which may take others off the list; a flush, when a writer is gone |
 * | `["ingest", "flushed"]` | `{ v: 1, upTo, kept }`: the last record of each writer that was carried out, and the first that was not deleted | every flush |
 *
 * @module
 */

import { z } from "zod";

const SPACE = "ingest";
/** Who may write records. */
export const WRITERS_KEY: Deno.KvKey = [SPACE, "writers"];
/** What was carried out. */
export const FLUSHED_KEY: Deno.KvKey = [SPACE, "flushed"];

// Code up to 0.12 would take groups for damaged records, so it must not read 2.
const writersSchema = z.object({ v: z.literal([1, 2]), writers: z.array(z.string()) });
const numbersSchema = z.record(z.string(), z.int());
const flushedSchema = z.object({ v: z.literal(1), upTo: numbersSchema, kept: numbersSchema });

/** How far the records of each writer were carried out and deleted. */
export interface Flushed {
  /** The number of the last one that was carried out; absent for none. */
  readonly upTo: ReadonlyMap<string, number>;
  /** The number of the first one that was not deleted; absent for 1. */
  readonly kept: ReadonlyMap<string, number>;
}

/** Whether a key is one of the logs of ingest. */
export function isIngestLogKey([space]: Deno.KvKey): boolean {
  return space === SPACE;
}

/** Whether processes have written logs into a database. */
export async function hasIngestLogs(kv: Pick<Deno.Kv, "get">): Promise<boolean> {
  return (await kv.get(WRITERS_KEY)).versionstamp !== null;
}

/** The key of a record. */
export function recordKey(writer: string, number: number): Deno.KvKey {
  return [SPACE, "record", writer, number];
}

/** The number of a record. */
export function recordNumber(key: Deno.KvKey): number {
  return Number(key[3]);
}

/** The records of a writer from a number on. */
export function recordsFrom(writer: string, number: number): Deno.KvListSelector {
  return { prefix: [SPACE, "record", writer], start: recordKey(writer, number) };
}

/** The value that names the writers. */
export function writersValue(writers: readonly string[]): z.infer<typeof writersSchema> {
  return { v: 2, writers: [...writers] };
}

/** The writers of a stored value; none if nothing is stored. */
export function writersOf(value: unknown): readonly string[] {
  return value === null ? [] : writersSchema.parse(value).writers;
}

/** The value that says what was carried out. */
export function flushedValue({ upTo, kept }: Flushed): z.infer<typeof flushedSchema> {
  return { v: 1, upTo: Object.fromEntries(upTo), kept: Object.fromEntries(kept) };
}

/** What was carried out, of a stored value; nothing if nothing is stored. */
export function flushedOf(value: unknown): Flushed {
  if (value === null) return { upTo: new Map(), kept: new Map() };
  const { upTo, kept } = flushedSchema.parse(value);
  return { upTo: new Map(Object.entries(upTo)), kept: new Map(Object.entries(kept)) };
}

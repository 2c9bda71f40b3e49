/**
 * The key space of files in the database.
 *
 * A file is a row of chunks below a generation: the id of one write of one file.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["file", "whole", name]` | `{ v: 1, generation, sizeBytes, sha256 }`: a file | the last commit of its write, removal |
 * | `["file", "open", name, generation]` | `{ v: 1 }`: a write that has not ended | the first and the last commit of a write |
 * | `["file", "chunk", generation, index]` | 65,536 bytes; the last chunk has fewer | the commits of a write, erasure |
 * | `["file", "bytes", generation]` | `KvU64`: at least as many bytes as its chunks have | the commits of a write with `max()`, the end of erasure |
 * | `["file", "dropped", generation]` | `true`: its chunks are to be erased | the commit that drops it, the end of erasure |
 * | `["file", "probe"]` | bytes of a probe | probes |
 *
 * What happens to a generation, each step in one commit:
 *
 * | from | to | when |
 * |---|---|---|
 * | - | open | the first chunks of a long file are stored |
 * | - | whole | all chunks of a short file are stored |
 * | open | whole | the last chunks are stored |
 * | open | dropped | the write fails, or the sweep finds it after a crash |
 * | whole | dropped | the file is deleted or replaced |
 * | dropped | - | the last chunk is erased |
 *
 * Each commit of chunks checks that its generation is still open. So once a generation is dropped,
 * nothing is added to it, and erasure leaves nothing.
 *
 * @module
 */

import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import { VALUE_MAX_BYTES } from "../budget.ts";

const SPACE = "file";
const WHOLE = "whole", OPEN = "open", CHUNK = "chunk", BYTES = "bytes", DROPPED = "dropped";
const PROBE_KEY = [SPACE, "probe"];

/** Length of every chunk but the last one of a file, bytes. */
export const CHUNK_BYTES: number = VALUE_MAX_BYTES;
/**
 * Chunks that one commit erases. Measured on a file: 128 take 5 to 10 ms, during which nobody else can
 * commit.
 */
const ERASED_AT_ONCE = 128;

/** The part of a database that files need. */
export type FilesKv = Pick<Deno.Kv, "get" | "list" | "set" | "delete" | "atomic">;
/** Bytes of a chunk or of several. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Where a write puts its chunks. */
export interface Spot {
  /** The name of the file. */
  readonly name: string;
  /** The id of the write. */
  readonly generation: string;
}

const fileRecord = z.object({
  v: z.literal(1),
  generation: z.string(),
  sizeBytes: z.int().nonnegative(),
  sha256: z.string(),
});

/** A whole file. */
export type StoredFile = Omit<z.infer<typeof fileRecord>, "v">;

/** Chunks that follow each other. */
export interface ChunkRun {
  /** The index of the first. */
  readonly firstIndex: number;
  /** Their bytes, one after the other. */
  readonly bytes: Bytes;
}

const wholeKey = (name: string) => [SPACE, WHOLE, name];
const openKey = ({ name, generation }: Spot) => [SPACE, OPEN, name, generation];
const droppedKey = (generation: string) => [SPACE, DROPPED, generation];
const bytesKey = (generation: string) => [SPACE, BYTES, generation];
const chunkKey = (generation: string, index: number) => [SPACE, CHUNK, generation, index];

/** The file of a name; null if there is none. */
export async function findFile(kv: Pick<Deno.Kv, "get">, name: string): Promise<StoredFile | null> {
  return fileOf(await kv.get(wholeKey(name)));
}

/** The names of all whole files. */
export async function* listWhole(kv: Pick<Deno.Kv, "list">): AsyncGenerator<string> {
  for await (const { key } of kv.list({ prefix: [SPACE, WHOLE] })) yield String(key[2]);
}

/** All writes that have not ended, or those of one name. */
export async function* listOpen(
  kv: Pick<Deno.Kv, "list">,
  name?: string,
): AsyncGenerator<Spot & { entry: Deno.KvEntry<unknown> }> {
  const prefix = [SPACE, OPEN, ...name === undefined ? [] : [name]];
  for await (const entry of kv.list({ prefix })) {
    yield { name: String(entry.key[2]), generation: String(entry.key[3]), entry };
  }
}

/** The generations whose chunks are to be erased. */
export async function listDropped(kv: Pick<Deno.Kv, "list">): Promise<string[]> {
  const entries = await Array.fromAsync(kv.list({ prefix: [SPACE, DROPPED] }));
  return entries.map(({ key }) => String(key[2]));
}

/** How many bytes all chunks have together, including those of open and dropped generations. */
export async function usedBytes(kv: Pick<Deno.Kv, "list">): Promise<number> {
  let sum = 0n;
  const entries = kv.list<Deno.KvU64>({ prefix: [SPACE, BYTES] }, { batchSize: 500 });
  for await (const { value } of entries) sum += value.value;
  return Number(sum);
}

/**
 * Stores chunks of a write that goes on. The first time, `marker` is null, which opens the generation.
 * Returns the marker of the open generation. Safe to repeat.
 *
 * @throws {AppError} STORAGE_UNAVAILABLE if the generation is no longer open.
 */
export async function putChunks(
  kv: FilesKv,
  spot: Spot,
  { marker, ...run }: ChunkRun & { marker: string | null },
): Promise<string> {
  const op = kv.atomic().check({ key: openKey(spot), versionstamp: marker });
  if (marker === null) op.set(openKey(spot), { v: 1 });
  stageChunks(op, spot.generation, run);
  const result = await op.commit();
  if (!result.ok) throw notOpen();
  return marker ?? result.versionstamp;
}

/**
 * Stores the last chunks of a write and shows the file. A file that it replaces is dropped.
 *
 * @returns The generation that was dropped; null if the file is new.
 * @throws {AppError} STORAGE_UNAVAILABLE if the generation is no longer open.
 */
export async function putWhole(
  kv: FilesKv,
  spot: Spot,
  { marker, sizeBytes, sha256, ...run }:
    & ChunkRun
    & Pick<StoredFile, "sizeBytes" | "sha256">
    & { marker: string | null },
): Promise<string | null> {
  const { name, generation } = spot;
  for (;;) {
    const old = await kv.get(wholeKey(name));
    const replaced = fileOf(old)?.generation ?? null;
    const op = kv.atomic().check(old).check({ key: openKey(spot), versionstamp: marker });
    stageChunks(op, generation, run);
    op.delete(openKey(spot)).set(wholeKey(name), { v: 1, generation, sizeBytes, sha256 });
    if (replaced !== null) op.set(droppedKey(replaced), true);
    if ((await op.commit()).ok) return replaced;
    // Either another write of the same name was faster, or this one was dropped.
    if ((await kv.get(openKey(spot))).versionstamp !== marker) throw notOpen();
  }
}

/**
 * Takes an open generation over under another name, whoever has it. The write that had it cannot add to
 * it any more. Returns the new marker; null if the generation is not open.
 */
export async function takeOpen(kv: FilesKv, { name, generation }: Spot): Promise<string | null> {
  for (;;) {
    let entry: Deno.KvEntry<unknown> | null = null;
    for await (const open of listOpen(kv)) if (open.generation === generation) entry = open.entry;
    if (entry === null) return null;
    const op = kv.atomic().check(entry).delete(entry.key);
    const result = await op.set(openKey({ name, generation }), { v: 1 }).commit();
    if (result.ok) return result.versionstamp;
  }
}

/** Drops an open generation. Returns whether it was open. */
export async function dropOpen(kv: FilesKv, spot: Spot): Promise<boolean> {
  const entry = await kv.get(openKey(spot));
  if (entry.versionstamp === null) return false;
  const op = kv.atomic().check(entry).delete(entry.key).set(droppedKey(spot.generation), true);
  return (await op.commit()).ok;
}

/** Drops the file of a name. Returns its generation; null if there is no such file. */
export async function dropWhole(kv: FilesKv, name: string): Promise<string | null> {
  for (;;) {
    const entry = await kv.get(wholeKey(name));
    const file = fileOf(entry);
    if (file === null) return null;
    const op = kv.atomic().check(entry).delete(entry.key);
    if ((await op.set(droppedKey(file.generation), true).commit()).ok) return file.generation;
  }
}

/**
 * Erases the chunks of a dropped generation, the first ones first, in commits of bounded size. Safe to
 * repeat: it goes on where an interrupted erasure was.
 */
export async function eraseGeneration(
  kv: FilesKv,
  generation: string,
  signal?: AbortSignal,
): Promise<void> {
  const prefix = [SPACE, CHUNK, generation];
  for (;;) {
    signal?.throwIfAborted();
    // One chunk is read instead of the keys of all, as a list always reads values too.
    const first = await kv.list({ prefix }, { limit: 1 }).next();
    if (first.done) break;
    const at = Number(first.value.key[3]);
    const op = kv.atomic();
    for (let index = at; index < at + ERASED_AT_ONCE; index++) {
      op.delete(chunkKey(generation, index));
    }
    await op.commit();
  }
  await kv.atomic().delete(bytesKey(generation)).delete(droppedKey(generation)).commit();
}

/** Reads chunks that follow each other, in one read. There are fewer if they have been erased. */
export async function readChunks(
  kv: Pick<Deno.Kv, "list">,
  generation: string,
  { firstIndex, count }: { firstIndex: number; count: number },
): Promise<Bytes[]> {
  const selector = {
    start: chunkKey(generation, firstIndex),
    end: chunkKey(generation, firstIndex + count),
  };
  const entries = kv.list<Bytes>(selector, { limit: count, batchSize: count });
  return (await Array.fromAsync(entries)).map(({ value }) => value);
}

/** Stores some bytes and deletes them. */
export async function probeFiles(kv: Pick<Deno.Kv, "set" | "delete">): Promise<void> {
  await kv.set(PROBE_KEY, new Uint8Array(4_096));
  await kv.delete(PROBE_KEY);
}

function stageChunks(
  op: Deno.AtomicOperation,
  generation: string,
  { firstIndex, bytes }: ChunkRun,
): void {
  for (let at = 0, index = firstIndex; at < bytes.length; at += CHUNK_BYTES, index++) {
    op.set(chunkKey(generation, index), bytes.subarray(at, at + CHUNK_BYTES));
  }
  op.max(bytesKey(generation), BigInt(firstIndex * CHUNK_BYTES + bytes.length));
}

function fileOf({ value }: Deno.KvEntryMaybe<unknown>): StoredFile | null {
  return value === null ? null : fileRecord.parse(value);
}

function notOpen(): AppError {
  return new AppError("STORAGE_UNAVAILABLE", "The file was discarded while it was written");
}

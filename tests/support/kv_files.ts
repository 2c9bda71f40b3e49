/**
 * File stores in a strict database, for tests of what is stored.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import { openKvFileStore } from "../../kv/files/kv_file_store.ts";
import { type Bytes, never } from "./file_store_box.ts";
import { type StrictKv, strictKv, type StrictPlan } from "./strict_kv.ts";

/** Bytes of a whole chunk. */
export const CHUNK = 65_536;
/** Bytes of 12 chunks: one commit. */
export const COMMIT: number = 12 * CHUNK;

/** A database with two stores. Disposing of it closes it. */
export interface KvFilesRig extends Disposable {
  /** The database itself. */
  readonly below: Deno.Kv;
  /** The database as the first store sees it. */
  readonly kv: StrictKv;
  /** The faults of `kv`. */
  readonly plan: StrictPlan;
  /** The store of this instance. */
  readonly store: FileStore;
  /** The store of another instance, which has no faults. */
  readonly other: FileStore;
}

/** Opens an empty database in memory. */
export async function openKvFilesRig(maxBytes = 1e9): Promise<KvFilesRig> {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const kv = strictKv(below, plan);
  let ids = 0;
  const newId = () => `g${++ids}`;
  return {
    below,
    kv,
    plan,
    store: openKvFileStore({ kv, maxBytes, newId }),
    other: openKvFileStore({ kv: strictKv(below), maxBytes, newId }),
    [Symbol.dispose]: () => below.close(),
  };
}

/** Bytes that differ from chunk to chunk. */
export function chunkedBytes(size: number): Bytes {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += CHUNK) bytes.fill(at / CHUNK % 251 + 1, at, at + CHUNK - 1);
  return bytes;
}

/** What of files is in the database: the second part of each key, and how often it occurs. */
export async function storedParts(
  { below }: Pick<KvFilesRig, "below">,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const { key } of below.list({ prefix: ["file"] })) {
    counts[String(key[1])] = (counts[String(key[1])] ?? 0) + 1;
  }
  return counts;
}

/** Discards all files that are not whole, and ends all deletions, as the sweep does. */
export async function sweepStore(store: FileStore): Promise<void> {
  for (const { name, isWhole } of await Array.fromAsync(store.list())) {
    if (!isWhole) await store.discard(name);
  }
  await store.tidy?.(never);
}

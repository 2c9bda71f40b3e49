/**
 * Writes the chunks of one generation, several commits of which are on their way at once.
 *
 * Measured with 26 MB: one commit at a time needs twice the time of four; more than four gain nothing.
 *
 * @module
 */

import { COMMIT_MAX_FULL_VALUES } from "../budget.ts";
import {
  type Bytes,
  CHUNK_BYTES,
  dropOpen,
  eraseGeneration,
  type FilesKv,
  findFile,
  putChunks,
  putWhole,
  type Spot,
} from "./generations.ts";
import { onKv } from "./on_kv.ts";
import type { Quota } from "./quota.ts";

/** Bytes of one commit. A write keeps up to five times as many in memory. */
export const COMMIT_BYTES: number = COMMIT_MAX_FULL_VALUES * CHUNK_BYTES;
/** Commits on their way at once. */
const COMMITS_AT_ONCE = 4;

/** What a writer needs. */
export interface WriterDeps {
  /** The database. */
  readonly kv: FilesKv;
  /** How much may be stored. */
  readonly quota: Quota;
}

/** What the end of a write says. */
export interface EndOptions {
  /** SHA-256 of all bytes, lower-case hexadecimal. */
  readonly sha256: string;
  /** Prevents the file if it has aborted before the last commit begins. */
  readonly signal: AbortSignal;
}

/** Writes a file. Every call throws STORAGE_FULL or STORAGE_UNAVAILABLE if it cannot be written. */
export interface GenerationWriter {
  /** Takes bytes over. Their memory is free when this resolves, but they need not be stored yet. */
  add(bytes: Bytes): Promise<void>;
  /** Stores the rest, shows the file, and returns its size and the generation that it replaced. */
  end(options: EndOptions): Promise<{ sizeBytes: number; replaced: string | null }>;
  /** Gives the write up and erases what it has stored. Does nothing if the file is shown. */
  drop(): Promise<void>;
}

/** Starts a write. Nothing is stored before a commit is full, or the end. */
export function startGeneration({ kv, quota }: WriterDeps, spot: Spot): GenerationWriter {
  const spare: Bytes[] = [];
  const sending = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | null = null;
  let marker: string | null = null;
  let group: Bytes = new Uint8Array(COMMIT_BYTES);
  let filled = 0, sentChunks = 0;

  /** Takes room for the group, and returns it as chunks that follow those before. */
  async function takeRun(): Promise<{ firstIndex: number; bytes: Bytes; marker: string | null }> {
    await onKv(quota.take(filled));
    return { firstIndex: sentChunks, bytes: group.subarray(0, filled), marker };
  }

  async function sendGroup(): Promise<void> {
    const run = await takeRun();
    sentChunks += COMMIT_MAX_FULL_VALUES;
    filled = 0;
    if (marker === null) {
      // The other commits check what this one sets.
      marker = await onKv(putChunks(kv, spot, run));
      return;
    }
    while (sending.size >= COMMITS_AT_ONCE) await Promise.race(sending);
    if (failure !== null) throw failure.error;
    const buffer = group;
    const sent = onKv(putChunks(kv, spot, run))
      .then(() => void spare.push(buffer), (error) => void (failure ??= { error }))
      .finally(() => sending.delete(sent));
    sending.add(sent);
    group = spare.pop() ?? new Uint8Array(COMMIT_BYTES);
  }

  return {
    async add(bytes) {
      for (let at = 0; at < bytes.length;) {
        // A full group waits for the next byte, as without one it belongs to the last commit.
        if (filled === COMMIT_BYTES) await sendGroup();
        const piece = bytes.subarray(at, at + COMMIT_BYTES - filled);
        group.set(piece, filled);
        filled += piece.length;
        at += piece.length;
      }
    },
    async end({ sha256, signal }) {
      await Promise.all(sending);
      if (failure !== null) throw failure.error;
      const run = await takeRun();
      const sizeBytes = sentChunks * CHUNK_BYTES + filled;
      signal.throwIfAborted();
      try {
        return { sizeBytes, replaced: await putWhole(kv, spot, { ...run, sizeBytes, sha256 }) };
      } catch (error) {
        // A commit whose answer was lost may have happened.
        const shown = await findFile(kv, spot.name).catch(() => null);
        if (shown?.generation === spot.generation) return { sizeBytes, replaced: null };
        return await onKv(Promise.reject(error));
      }
    },
    async drop() {
      await Promise.all(sending);
      if (await dropOpen(kv, spot)) await eraseGeneration(kv, spot.generation);
    },
  };
}

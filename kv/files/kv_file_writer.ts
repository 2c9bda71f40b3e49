/**
 * Files that are written in parts and go on where they were, even in another process.
 *
 * What is kept is the open generation itself. Going on takes it over under the new name: from then on,
 * the commits of the run that had it fail.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { z } from "zod";
import type { FileWriter, KeptFile, WriterOptions } from "../../data/files/file_store.ts";
import {
  type Bytes,
  CHUNK_BYTES,
  dropOpen,
  eraseGeneration,
  type FilesKv,
  readChunks,
  type Spot,
  takeOpen,
} from "./generations.ts";
import { startGeneration, type WriterDeps, type WriteStart } from "./generation_writer.ts";
import { onKv } from "./on_kv.ts";

/** Chunks that are read at once when what was kept is checked. */
const READ_CHUNKS = 32;

const moreSchema = z.object({ generation: z.string() });

/** What a writer needs. */
export interface FileWriterDeps extends WriterDeps {
  /** An id that nothing else has. */
  readonly newId: () => string;
  /** Erases the generation of a file that was replaced. */
  readonly erase: (generation: string | null) => Promise<void>;
}

/** A write that goes on, and the hash of what it has. */
interface TakenUp {
  readonly from: WriteStart;
  readonly hash: Hash;
}

/** Opens a file for writing (`openWriter` of the file store). */
export async function openKvFileWriter(
  deps: FileWriterDeps,
  name: string,
  { kept, ...options }: WriterOptions,
): Promise<FileWriter | null> {
  if (kept === undefined) return writerOf(deps, { name, generation: deps.newId() }, options);
  const spot = { name, generation: moreSchema.parse(kept.more).generation };
  const { signal } = options;
  const takenUp = await onKv(takeUp(deps.kv, { spot, kept, signal })).catch((error) => {
    signal.throwIfAborted();
    throw error;
  });
  return takenUp === null ? null : writerOf(deps, spot, options, takenUp);
}

function writerOf(
  deps: FileWriterDeps,
  spot: Spot,
  { signal, release }: Omit<WriterOptions, "kept">,
  takenUp?: TakenUp,
): FileWriter {
  const writer = startGeneration(deps, spot, takenUp?.from);
  const hash = takenUp?.hash ?? createHash("sha256");
  let sizeBytes = takenUp?.from.sizeBytes ?? 0;
  let isKept = takenUp !== undefined, isShown = false;
  return {
    name: spot.name,
    async write(chunk) {
      signal.throwIfAborted();
      hash.update(chunk);
      sizeBytes += chunk.length;
      await writer.add(chunk);
      release?.(chunk);
    },
    async keep() {
      signal.throwIfAborted();
      const kept = {
        name: spot.name,
        sizeBytes,
        sha256: hash.copy().digest("hex"),
        more: { generation: spot.generation },
      };
      await writer.keep();
      isKept = true;
      return kept;
    },
    async finish() {
      const sha256 = hash.digest("hex");
      const { sizeBytes, replaced } = await writer.end({ sha256, signal });
      isShown = true;
      await deps.erase(replaced);
      return { sizeBytes, sha256 };
    },
    async close() {
      if (isShown) return;
      await writer.settle();
      // The sweep finds what cannot be dropped now.
      if (!isKept) await writer.drop().catch(() => {});
    },
  };
}

/**
 * Takes over what was kept, and reads it to check it. Null if it is not there any more; it is dropped if
 * it differs.
 */
async function takeUp(
  kv: FilesKv,
  { spot, kept: { sizeBytes, sha256 }, signal }: {
    spot: Spot;
    kept: KeptFile;
    signal: AbortSignal;
  },
): Promise<TakenUp | null> {
  signal.throwIfAborted();
  const marker = await takeOpen(kv, spot);
  if (marker === null) return null;
  const hash = createHash("sha256");
  const tail = await readKept(kv, spot.generation, { sizeBytes, hash, signal });
  if (tail !== null && hash.copy().digest("hex") === sha256) {
    return { from: { marker, sizeBytes, tail }, hash };
  }
  if (await dropOpen(kv, spot)) await eraseGeneration(kv, spot.generation);
  return null;
}

/** Hashes what was kept. Returns the end of it that makes no whole chunk; null if some of it is missing. */
async function readKept(
  kv: Pick<FilesKv, "list">,
  generation: string,
  { sizeBytes, hash, signal }: { sizeBytes: number; hash: Hash; signal: AbortSignal },
): Promise<Bytes | null> {
  const chunkCount = Math.ceil(sizeBytes / CHUNK_BYTES);
  let left = sizeBytes;
  let tail: Bytes = new Uint8Array(0);
  for (let firstIndex = 0; firstIndex < chunkCount; firstIndex += READ_CHUNKS) {
    signal.throwIfAborted();
    const count = Math.min(READ_CHUNKS, chunkCount - firstIndex);
    for (const chunk of await readChunks(kv, generation, { firstIndex, count })) {
      // The run that kept this may have made its last chunk longer before it died.
      const piece = chunk.subarray(0, left);
      hash.update(piece);
      left -= piece.length;
      if (piece.length < CHUNK_BYTES) tail = piece;
    }
  }
  return left === 0 ? tail : null;
}

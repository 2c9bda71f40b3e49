/**
 * Writes one file of a folder: first as `NAME.part`, which is synced and renamed in the end.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { onDisk, removeFile, syncFolder, writeAll } from "./disk_calls.ts";
import { PART } from "./file_name.ts";
import type { FileWriter, KeptFile, WriterOptions } from "./file_store.ts";

/** After this many bytes, a sync starts in the background while writing continues. */
const SYNC_BYTES = 4_194_304;
/** How much of a kept file is copied at once, bytes. */
const COPY_BYTES = 1_048_576;

/** Opens a writer. Null if what was kept of the file is not there, or differs. */
export async function openDiskWriter(
  folder: string,
  name: string,
  options: WriterOptions,
): Promise<FileWriter | null> {
  const partPath = `${folder}/${name}${PART}`;
  await using stack = new AsyncDisposableStack();
  const file = stack.use(
    await onDisk(Deno.open(partPath, { write: true, create: true, truncate: true })),
  );
  stack.defer(() => removeFile(partPath).catch(() => {}));
  const hash = createHash("sha256");
  const { kept, signal } = options;
  if (kept !== undefined) {
    const keptPath = `${folder}/${kept.name}${PART}`;
    if (!await copyKept(keptPath, kept, { file, hash, signal })) return null;
  }
  // A sync through a second handle does not block writes through the first.
  const twin = stack.use(await onDisk(Deno.open(partPath)));
  stack.move();
  return diskWriter({ folder, name, file, twin, hash, ...options });
}

/** Copies what was kept to the start of a file. The old file may still grow, so it is not taken over. */
async function copyKept(
  path: string,
  { sizeBytes, sha256 }: KeptFile,
  { file, hash, signal }: { file: Deno.FsFile; hash: Hash; signal: AbortSignal },
): Promise<boolean> {
  let from: Deno.FsFile;
  try {
    from = await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    return await onDisk(Promise.reject(error));
  }
  using _ = from;
  const buffer = new Uint8Array(COPY_BYTES);
  for (let at = 0; at < sizeBytes;) {
    signal.throwIfAborted();
    const count = await onDisk(from.read(buffer.subarray(0, sizeBytes - at)));
    if (count === null) return false;
    hash.update(buffer.subarray(0, count));
    await onDisk(writeAll(file, buffer.subarray(0, count)));
    at += count;
  }
  return hash.copy().digest("hex") === sha256;
}

/** What a writer has. */
interface OpenFile extends WriterOptions {
  readonly folder: string;
  readonly name: string;
  readonly file: Deno.FsFile;
  readonly twin: Deno.FsFile;
  readonly hash: Hash;
}

function diskWriter(
  { folder, name, file, twin, hash, signal, release, kept }: OpenFile,
): FileWriter {
  const partPath = `${folder}/${name}${PART}`;
  let sizeBytes = kept?.sizeBytes ?? 0, unsyncedBytes = 0;
  let last: Uint8Array<ArrayBuffer> | null = null;
  let writing = Promise.resolve(), syncing = Promise.resolve();
  let keeping: Promise<unknown> = Promise.resolve();
  let isKept = false, isOpen = true;

  /** Waits for what is on its way and closes the file. Throws if a write failed. */
  async function end(work: () => Promise<void>): Promise<void> {
    isOpen = false;
    try {
      await Promise.allSettled([syncing, keeping]);
      await writing;
      await work();
    } finally {
      await writing.catch(() => {});
      file.close();
      twin.close();
    }
  }

  return {
    name,
    async write(chunk) {
      signal.throwIfAborted();
      // A chunk is written while it is hashed and the next one is produced.
      await writing;
      if (last !== null) release?.(last);
      last = chunk;
      writing = onDisk(writeAll(file, chunk));
      // Awaited later. Until then a rejection must not count as unhandled.
      writing.catch(() => {});
      hash.update(chunk);
      sizeBytes += chunk.length;
      unsyncedBytes += chunk.length;
      if (unsyncedBytes < SYNC_BYTES) return;
      unsyncedBytes = 0;
      await syncing;
      // This sync only saves time: if it fails, the final one reports the error.
      syncing = twin.syncData().catch(() => {});
    },
    keep() {
      const next = { name, sizeBytes, sha256: hash.copy().digest("hex"), more: null };
      const kept = writing.then(async () => {
        await onDisk(twin.syncData());
        if (!isKept) await syncFolder(folder);
        isKept = true;
        return next;
      });
      keeping = kept.catch(() => {});
      return kept;
    },
    async finish() {
      await end(async () => {
        await onDisk(file.sync());
        signal.throwIfAborted();
      });
      await onDisk(Deno.rename(partPath, `${folder}/${name}`));
      await syncFolder(folder);
      return { sizeBytes, sha256: hash.digest("hex") };
    },
    async close() {
      if (isOpen) await end(() => Promise.resolve()).catch(() => {});
      if (!isKept) await removeFile(partPath).catch(() => {});
    },
  };
}

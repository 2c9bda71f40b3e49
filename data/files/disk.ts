/**
 * A file store in a folder. It writes a file as `NAME.part`, syncs it, renames it to `NAME`, and syncs
 * the folder. So after a crash of the machine, a file is either whole or missing.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { onDisk, removeFile, storageError, syncFolder, writeAll } from "./disk_calls.ts";
import { checkedName, isPlainName, PART } from "./file_name.ts";
import type { FileStore, WriteOptions, WrittenFile } from "./file_store.ts";
import { untilAborted } from "./until_aborted.ts";

/** After this many bytes, a sync starts in the background while writing continues. */
const SYNC_BYTES = 4_194_304;
const READ_BYTES = 262_144;

/** Opens a store in a folder, and creates the folder if it is missing. */
export async function openDiskFileStore(folder: string): Promise<FileStore> {
  await Deno.mkdir(folder, { recursive: true });
  // Always the same name, so that killed processes leave one such file at most.
  const probePath = `${folder}/.probe`;
  await removeFile(probePath).catch(() => {});
  const pathOf = (name: string) => `${folder}/${checkedName(name)}`;
  return {
    async write(name, body, signal, { release } = {}) {
      const path = pathOf(name);
      try {
        const written = await writePart(path + PART, body, { signal, release });
        await onDisk(Deno.rename(path + PART, path));
        await syncFolder(folder);
        return written;
      } catch (error) {
        await body.cancel(error).catch(() => {});
        await removeFile(path + PART).catch(() => {});
        throw error;
      }
    },
    async read(name, range) {
      const file = await openFile(pathOf(name));
      if (file === null || range === undefined) return file?.readable ?? null;
      file.seekSync(range.start, Deno.SeekMode.Start);
      return readRange(file, range);
    },
    remove: async (name) => await removeFile(pathOf(name)),
    discard: async (name) => await removeFile(pathOf(name) + PART),
    async *list() {
      for await (const { name, isFile } of Deno.readDir(folder)) {
        const isWhole = !name.endsWith(PART);
        const whole = isWhole ? name : name.slice(0, -PART.length);
        if (isFile && isPlainName(whole)) yield { name: whole, isWhole };
      }
    },
    async probe() {
      try {
        await onDisk(Deno.writeFile(probePath, new Uint8Array(4096)));
      } finally {
        await removeFile(probePath).catch(() => {});
      }
    },
  };
}

async function writePart(
  path: string,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { signal, release }: WriteOptions & { signal: AbortSignal },
): Promise<WrittenFile> {
  using file = await onDisk(Deno.open(path, { write: true, create: true, truncate: true }));
  const hash = createHash("sha256");
  let sizeBytes = 0, unsyncedBytes = 0;
  let last: Uint8Array<ArrayBuffer> | null = null;
  let writing = Promise.resolve(), syncing = Promise.resolve();
  // A sync through a second handle does not block writes through the first.
  using twin = await onDisk(Deno.open(path));
  try {
    for await (const chunk of untilAborted(body, signal)) {
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
      if (unsyncedBytes >= SYNC_BYTES) {
        unsyncedBytes = 0;
        await syncing;
        // This sync only saves time: if it fails, the final one reports the error.
        syncing = twin.syncData().catch(() => {});
      }
    }
  } finally {
    await syncing;
    await writing;
  }
  await onDisk(file.sync());
  signal.throwIfAborted();
  return { sizeBytes, sha256: hash.digest("hex") };
}

function readRange(
  file: Deno.FsFile,
  { start, end }: { start: number; end: number },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = start;
  return new ReadableStream({
    async pull(controller) {
      const buffer = new Uint8Array(Math.min(READ_BYTES, end - at));
      try {
        const count = buffer.length === 0 ? 0 : await file.read(buffer);
        if (count === null) throw new Error(`Cannot read past the end of the file: ${at}`);
        at += count;
        if (count > 0) return controller.enqueue(buffer.subarray(0, count));
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      file.close();
    },
    cancel() {
      file.close();
    },
  });
}

async function openFile(path: string): Promise<Deno.FsFile | null> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw storageError(error);
  }
}

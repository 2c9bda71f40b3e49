/**
 * A file store in a folder. It writes a file as `NAME.part`, syncs it, renames it to `NAME`, and syncs
 * the folder. So after a crash of the machine, a file is either whole or missing.
 *
 * @module
 */

import { onDisk, removeFile, storageError } from "./disk_calls.ts";
import { openDiskWriter } from "./disk_writer.ts";
import { checkedName, isPlainName, PART } from "./file_name.ts";
import type { FileStore } from "./file_store.ts";
import { writeStream } from "./write_stream.ts";

const READ_BYTES = 262_144;

/** Opens a store in a folder, and creates the folder if it is missing. */
export async function openDiskFileStore(folder: string): Promise<FileStore> {
  await Deno.mkdir(folder, { recursive: true });
  // Always the same name, so that killed processes leave one such file at most.
  const probePath = `${folder}/.probe`;
  await removeFile(probePath).catch(() => {});
  const pathOf = (name: string) => `${folder}/${checkedName(name)}`;
  return {
    folder,
    openWriter: (name, options) => openDiskWriter(folder, checkedName(name), options),
    write: (name, body, signal, { release } = {}) =>
      writeStream(
        body,
        signal,
        () => openDiskWriter(folder, checkedName(name), { signal, release }),
      ),
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

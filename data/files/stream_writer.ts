/**
 * A writer for stores that write whole streams only. It keeps nothing.
 *
 * @module
 */

import type { FileStore, FileWriter, WriterOptions } from "./file_store.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A writer that passes what it gets to `write()` of a store. Null if it is to go on with a file. */
export function openStreamWriter(
  write: FileStore["write"],
  name: string,
  { signal, release, kept }: WriterOptions,
): Promise<FileWriter | null> {
  if (kept !== undefined) return Promise.resolve(null);
  const { readable, writable } = new TransformStream<Bytes, Bytes>();
  const into = writable.getWriter();
  const written = write(name, readable, signal, { release });
  // Its failure is thrown by whatever is called next.
  written.catch((error) => into.abort(error)).catch(() => {});
  let isOpen = true;
  return Promise.resolve({
    name,
    write: (chunk) => into.write(chunk),
    keep: () => Promise.resolve(null),
    async finish() {
      isOpen = false;
      await into.close();
      return await written;
    },
    async close() {
      if (isOpen) await into.abort(new DOMException("The file is given up", "AbortError"));
      await written.catch(() => {});
    },
  });
}

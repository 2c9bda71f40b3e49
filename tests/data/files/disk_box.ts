/**
 * A disk file store for a test, over a folder of its own.
 *
 * @module
 */

import { openDiskFileStore } from "../../../data/files/disk.ts";
import type { FileStore } from "../../../data/files/file_store.ts";

/** What files are made of. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A store and its folder, which is deleted at the end. */
export interface DiskBox extends AsyncDisposable {
  readonly store: FileStore;
  readonly folder: string;
  /** Everything in the folder, sorted. */
  names(): string[];
}

/** A signal that nobody aborts. */
export const never = new AbortController().signal;

/** Opens a store over a new folder. */
export async function openDiskBox(): Promise<DiskBox> {
  const folder = await Deno.makeTempDir({ prefix: "openwatts_disk_" });
  return {
    folder,
    store: await openDiskFileStore(folder),
    names: () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }).catch(() => {}),
  };
}

/** A stream of some texts, a chunk each. */
export function streamOf(...texts: string[]): ReadableStream<Bytes> {
  return ReadableStream.from(texts.map((text) => new TextEncoder().encode(text)));
}

/** All of a stream as text; null where there is none. */
export async function textOf(stream: ReadableStream<Bytes> | null): Promise<string | null> {
  return stream === null ? null : await new Response(stream).text();
}

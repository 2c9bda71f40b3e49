/**
 * File stores for tests, each over a place of its own that is empty at first.
 *
 * @module
 */

import { openDiskFileStore } from "../../data/files/disk.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { openS3FileStore } from "../../data/s3/bucket_files.ts";
import { makeTempFolder } from "./temp_folder.ts";
import { openS3Box, type S3Server } from "./s3_server.ts";

/** What files are made of. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A store and what a test has to know of its place. */
export interface FileStoreBox extends AsyncDisposable {
  /** The store. */
  readonly store: FileStore;
  /** So many bytes of a write are enough for it to show as unfinished. */
  readonly shownBytes: number;
  /** All that is there, sorted; what is unfinished with `.part` behind its name. */
  names(): Promise<string[]>;
  /** Leaves what a process does that is killed while it writes. */
  leave(name: string): Promise<void>;
}

/** A store over a folder, and its path. */
export interface DiskBox extends FileStoreBox {
  /** The folder. */
  readonly folder: string;
}

/** A signal that nobody aborts. */
export const never: AbortSignal = new AbortController().signal;

/** Opens a store over a new folder, which is deleted at the end. */
export async function openDiskBox(): Promise<DiskBox> {
  const folder = await makeTempFolder();
  return {
    folder: folder.path,
    store: await openDiskFileStore(folder.path),
    shownBytes: 1,
    names: async () =>
      (await Array.fromAsync(Deno.readDir(folder.path)))
        .map(({ name }) => name).sort(),
    leave: (name) => Deno.writeTextFile(`${folder.path}/${name}.part`, "x"),
    // A test may have taken the folder away.
    [Symbol.asyncDispose]: () => Deno.remove(folder.path, { recursive: true }).catch(() => {}),
  };
}

/** Opens a store over a new bucket of a server. */
export async function openS3StoreBox(server: S3Server): Promise<FileStoreBox> {
  const { client } = await openS3Box(server);
  const prefix = "some/files/";
  const call = { signal: never, prefix: "" };
  return {
    store: openS3FileStore({ client, prefix, partBytes: server.partBytes }),
    // The byte behind a full part shows that it is not the last.
    shownBytes: server.partBytes + 1,
    async names() {
      const whole = await Array.fromAsync(client.list(call));
      const open = await Array.fromAsync(client.listUploads(call));
      const keys = [...whole.map(({ key }) => key), ...open.map(({ key }) => `${key}.part`)];
      return keys.map((key) => key.slice(prefix.length)).sort();
    },
    leave: async (name) => void await client.createUpload(prefix + name, { signal: never }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
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

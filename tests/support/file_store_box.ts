/**
 * File stores for tests, each in its own place, which is empty at first.
 *
 * @module
 */

import { openDiskFileStore } from "../../data/files/disk.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { openS3FileStore } from "../../data/s3/bucket_files.ts";
import { COMMIT_BYTES } from "../../kv/files/generation_writer.ts";
import { openKvFileStore } from "../../kv/files/kv_file_store.ts";
import { cutAfter, strictKv } from "./strict_kv.ts";
import { makeTempFolder } from "./temp_folder.ts";
import { openS3Box, type S3Server } from "./s3_server.ts";

/** A chunk of a file. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A store, and what a test must know about its place. */
export interface FileStoreBox extends AsyncDisposable {
  /** The store. */
  readonly store: FileStore;
  /** After this many bytes, a write is listed as unfinished. */
  readonly shownBytes: number;
  /** All names, sorted; unfinished files end with `.part`. */
  names(): Promise<string[]>;
  /** Leaves what a process leaves that is killed during a write. */
  leave(name: string): Promise<void>;
}

/** A store in a folder. */
export interface DiskBox extends FileStoreBox {
  /** The folder. */
  readonly folder: string;
}

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

/** Opens a store in a new folder, which is deleted at the end. */
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
    // A test may have deleted the folder.
    [Symbol.asyncDispose]: () => Deno.remove(folder.path, { recursive: true }).catch(() => {}),
  };
}

/** Opens a store in a new bucket of a server. */
export async function openS3StoreBox(server: S3Server): Promise<FileStoreBox> {
  const { client } = await openS3Box(server);
  const prefix = "some/files/";
  const call = { signal: never, prefix: "" };
  return {
    store: openS3FileStore({ client, prefix, partBytes: server.partBytes }),
    // The byte after a full part shows that it is not the last.
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

/** Opens a store in a database that is new, or in one that the test closes. */
export async function openKvBox(database?: Deno.Kv): Promise<FileStoreBox> {
  const below = database ?? await Deno.openKv(":memory:");
  const options = { maxBytes: 1e9, newId: () => crypto.randomUUID() };
  const store = openKvFileStore({ kv: strictKv(below), ...options });
  // The byte after a full commit shows that it is not the last.
  const shownBytes = COMMIT_BYTES + 1;
  return {
    store,
    shownBytes,
    async names() {
      const files = await Array.fromAsync(store.list());
      return files.map(({ name, isWhole }) => isWhole ? name : `${name}.part`).sort();
    },
    async leave(name) {
      const killed = openKvFileStore({ kv: strictKv(below, { fate: cutAfter(1) }), ...options });
      const body = ReadableStream.from([new Uint8Array(2 * shownBytes)]);
      await killed.write(name, body, never).catch(() => {});
    },
    [Symbol.asyncDispose]() {
      if (database === undefined) below.close();
      return Promise.resolve();
    },
  };
}

/** A stream with one chunk per text. */
export function streamOf(...texts: string[]): ReadableStream<Bytes> {
  return ReadableStream.from(texts.map((text) => new TextEncoder().encode(text)));
}

/** A whole stream as text; null if there is no stream. */
export async function textOf(stream: ReadableStream<Bytes> | null): Promise<string | null> {
  return stream === null ? null : await new Response(stream).text();
}

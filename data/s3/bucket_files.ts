/**
 * Files in a bucket, under a prefix. A file is one object: it shows when the put or the upload in
 * parts that made it is complete. What an interrupted write leaves is an upload that is still open.
 *
 * @module
 */

import { checkedName, isPlainName } from "../files/file_name.ts";
import type { FileStore } from "../files/file_store.ts";
import type { S3Client } from "./client.ts";
import { abortS3Uploads, type S3WriteOptions, writeS3Object } from "./write.ts";

/** No name of a file, so that no list shows it. */
const PROBE = ".probe";
/** A probe is to tell how things are now, not whether they get better. */
const PROBE_PATIENCE = { tries: 1, timeoutMs: 5_000 };

/** Where files go. */
export interface S3FileStoreOptions extends Pick<S3WriteOptions, "partBytes"> {
  /** The bucket. */
  readonly client: S3Client;
  /** What keys begin with: "" or a path that ends with `/`. */
  readonly prefix: string;
}

/** A store of the files under a prefix. Nothing is asked of S3 before the first call. */
export function openS3FileStore({ client, prefix, partBytes }: S3FileStoreOptions): FileStore {
  const keyOf = (name: string) => prefix + checkedName(name);
  const call = () => ({ signal: new AbortController().signal });
  return {
    write: async (name, body, signal) =>
      await writeS3Object(client, { key: keyOf(name), body }, { signal, partBytes }),
    read: async (name, range) => await client.get(keyOf(name), { ...call(), range }),
    remove: async (name) => await client.remove(keyOf(name), call()),
    discard: async (name) => await abortS3Uploads(client, { ...call(), key: keyOf(name) }),
    async *list() {
      const listed = { whole: client.list, unfinished: client.listUploads };
      for await (const { key } of listed.whole({ ...call(), prefix, isFlat: true })) {
        const name = key.slice(prefix.length);
        if (isPlainName(name)) yield { name, isWhole: true };
      }
      for await (const { key } of listed.unfinished({ ...call(), prefix })) {
        const name = key.slice(prefix.length);
        if (isPlainName(name)) yield { name, isWhole: false };
      }
    },
    async probe() {
      const key = prefix + PROBE;
      await client.put(key, new Uint8Array(1), { ...call(), patience: PROBE_PATIENCE });
      await client.remove(key, { ...call(), patience: PROBE_PATIENCE });
    },
  };
}

/**
 * A file store in a bucket, below a prefix. A file is one object. It becomes visible when its put or
 * its upload in parts is complete. An interrupted write leaves an upload that is still open.
 *
 * @module
 */

import { checkedName, isPlainName } from "../files/file_name.ts";
import type { FileStore } from "../files/file_store.ts";
import { openStreamWriter } from "../files/stream_writer.ts";
import type { S3Client } from "./client.ts";
import { abortS3Uploads, type S3WriteOptions, writeS3Object } from "./write.ts";

/** The name of the probe. It is not a valid file name, so lists do not show it. */
const PROBE = ".probe";
/** A probe tries only once: it must show the current state of S3. */
const PROBE_PATIENCE = { tries: 1, timeoutMs: 5_000 };

/** The place of the files. */
export interface S3FileStoreOptions extends Pick<S3WriteOptions, "partBytes"> {
  /** The bucket. */
  readonly client: S3Client;
  /** What all keys start with: "" or a path that ends with `/`. */
  readonly prefix: string;
}

/** Opens a store below a prefix. Sends no request to S3 before the first call. */
export function openS3FileStore({ client, prefix, partBytes }: S3FileStoreOptions): FileStore {
  const keyOf = (name: string) => prefix + checkedName(name);
  const call = () => ({ signal: new AbortController().signal });
  const write: FileStore["write"] = async (name, body, signal) =>
    await writeS3Object(client, { key: keyOf(name), body }, { signal, partBytes });
  return {
    write,
    openWriter: (name, options) => openStreamWriter(write, checkedName(name), options),
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

/**
 * A file store in a bucket, below a prefix. A file is one object. It becomes visible when its put or
 * its upload in parts is complete. An interrupted write leaves an upload that is still open, and the
 * ends of files that were kept, as objects in the folder `NAME.part/`.
 *
 * @module
 */

import { checkedName, isPlainName } from "../files/file_name.ts";
import type { FileStore } from "../files/file_store.ts";
import type { S3Client } from "./client.ts";
import { nameOfTails, openObjectWriter, removeTails } from "./object_writer.ts";
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
    openWriter: (name, options) =>
      openObjectWriter(client, checkedName(name), { ...options, keyOf, partBytes }),
    read: async (name, range) => await client.get(keyOf(name), { ...call(), range }),
    remove: async (name) => await client.remove(keyOf(name), call()),
    async discard(name) {
      await abortS3Uploads(client, { ...call(), key: keyOf(name) });
      await removeTails(client, keyOf(name), call());
    },
    async *list() {
      const unfinished = new Set<string>();
      const onFolder = (folder: string) => {
        const name = nameOfTails(folder.slice(prefix.length));
        if (name !== null) unfinished.add(name);
      };
      for await (const { key } of client.list({ ...call(), prefix, isFlat: true, onFolder })) {
        const name = key.slice(prefix.length);
        if (isPlainName(name)) yield { name, isWhole: true };
      }
      for await (const { key } of client.listUploads({ ...call(), prefix })) {
        unfinished.add(key.slice(prefix.length));
      }
      for (const name of unfinished) if (isPlainName(name)) yield { name, isWhole: false };
    },
    async probe() {
      const key = prefix + PROBE;
      await client.put(key, new Uint8Array(1), { ...call(), patience: PROBE_PATIENCE });
      await client.remove(key, { ...call(), patience: PROBE_PATIENCE });
    },
  };
}

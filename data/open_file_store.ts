/**
 * Opens the file store that the settings name.
 *
 * @module
 */

import { openDiskFileStore } from "./files/disk.ts";
import type { FileStore } from "./files/file_store.ts";
import { KV_PLACE } from "./files/kv_place.ts";
import { openS3FileStore } from "./s3/bucket_files.ts";
import { createS3Client } from "./s3/client.ts";
import type { S3Access } from "./s3/sign.ts";

/**
 * Opens a store in a folder, in `s3://BUCKET/PATH`, or in the database with `openInKv`. Sends no request
 * to S3 yet, so that the service can start while S3 is away; `probe()` checks it.
 */
export async function openFileStore(
  place: string,
  access: S3Access,
  openInKv: () => FileStore,
): Promise<FileStore> {
  if (place === KV_PLACE) return openInKv();
  const parts = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(place);
  if (parts === null) return await openDiskFileStore(place);
  const [, bucket, path] = parts;
  const client = createS3Client({ ...access, bucket });
  return openS3FileStore({ client, prefix: path === "" ? "" : `${path}/` });
}

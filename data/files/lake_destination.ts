/**
 * The port to where continuous export puts its objects.
 *
 * @module
 */

import { createS3Client } from "./s3_client.ts";
import type { WrittenFile } from "./file_store.ts";
import { openLakeFolder } from "./lake_folder.ts";
import { openLakeBucket } from "./lake_s3.ts";
import type { S3Access } from "./s3_request.ts";

/**
 * Keeps objects under keys of names with `/` between. An object is there whole or not at all.
 * Calls throw AppError (STORAGE_UNAVAILABLE, STORAGE_FULL), or the reason of their signal.
 */
export interface LakeDestination {
  /** What it is. */
  readonly kind: "folder" | "s3";
  /**
   * Puts an object, in the place of one that has its key. Resolves when length and checksum are
   * proven: in a folder by the disk's word for bytes and name, in S3 by its answer (`s3_client.ts`).
   */
  put(
    key: string,
    object: { bytes: Uint8Array<ArrayBuffer>; contentType: string },
    signal: AbortSignal,
  ): Promise<WrittenFile>;
  /** Deletes an object; fine when there is none. */
  remove(key: string, signal: AbortSignal): Promise<void>;
  /** Writes and deletes something small. */
  probe(signal: AbortSignal): Promise<void>;
  /** Deletes what killed processes left unfinished; how many. Puts that run may fail by it. */
  sweep(signal: AbortSignal): Promise<number>;
}

/** What is known of where objects go. */
export interface LakeDestinationOptions {
  /** The folder, where there is no bucket. */
  readonly path: string;
  /** S3: how it is reached, the bucket or null, and what keys in it begin with. */
  readonly s3: S3Access & { readonly bucket: string | null; readonly prefix: string };
}

/** Opens the bucket, or the folder where no bucket is named. Nothing is asked of S3 yet. */
export function openLakeDestination({ path, s3 }: LakeDestinationOptions): LakeDestination {
  const { bucket, prefix, ...access } = s3;
  if (bucket === null) return openLakeFolder(path);
  return openLakeBucket({ client: createS3Client({ ...access, bucket }), prefix });
}

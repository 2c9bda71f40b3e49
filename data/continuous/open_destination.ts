/**
 * Opening the destination of continuous export that the settings name.
 *
 * @module
 */

import { createS3Client } from "../s3/client.ts";
import type { S3Access } from "../s3/request.ts";
import type { ExportDestination } from "./destination.ts";
import { openFolderDestination } from "./folder_destination.ts";
import { openS3Destination } from "./s3_destination.ts";

/** What is known of where objects go. */
export interface DestinationOptions {
  /** The folder, where there is no bucket. */
  readonly path: string;
  /** S3: how it is reached, the bucket or null, and what keys in it begin with. */
  readonly s3: S3Access & { readonly bucket: string | null; readonly prefix: string };
}

/** Opens the bucket, or the folder where no bucket is named. Nothing is asked of S3 yet. */
export function openDestination({ path, s3 }: DestinationOptions): ExportDestination {
  const { bucket, prefix, ...access } = s3;
  if (bucket === null) return openFolderDestination(path);
  return openS3Destination({ client: createS3Client({ ...access, bucket }), prefix });
}

/**
 * Opens the destination of continuous export that the settings name.
 *
 * @module
 */

import { createS3Client } from "../s3/client.ts";
import type { S3Access } from "../s3/sign.ts";
import type { ExportDestination } from "./destination.ts";
import { openFolderDestination } from "./folder_destination.ts";
import { openS3Destination } from "./s3_destination.ts";

/** The settings of the destination. */
export interface DestinationOptions {
  /** The folder, used if no bucket is set. */
  readonly path: string;
  /** How to reach S3, the bucket or null, and the prefix of all keys in it. */
  readonly s3: S3Access & { readonly bucket: string | null; readonly prefix: string };
}

/** Opens the bucket, or the folder if no bucket is set. Sends no request to S3 yet. */
export function openDestination({ path, s3 }: DestinationOptions): ExportDestination {
  const { bucket, prefix, ...access } = s3;
  if (bucket === null) return openFolderDestination(path);
  return openS3Destination({ client: createS3Client({ ...access, bucket }), prefix });
}

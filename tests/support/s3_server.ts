/**
 * S3 servers for tests, and buckets in them.
 *
 * @module
 */

import { createS3Client, type S3Client } from "../../data/s3/client.ts";
import type { CredentialSettings } from "../../data/s3/load_credentials.ts";
import { createS3Sender, type S3Patience } from "../../data/s3/request.ts";
import type { S3Access } from "../../data/s3/sign.ts";

/** A server on loopback. */
export interface S3Server extends AsyncDisposable {
  /** How to reach it. */
  readonly access: S3Access & { readonly endpoint: string };
  /** The length of parts that the server accepts, bytes. */
  readonly partBytes: number;
}

/** A new bucket. */
export interface S3Box {
  /** Its name. */
  readonly bucket: string;
  /** A client for it. */
  readonly client: S3Client;
}

/** Credentials that stay the same. */
export function accessKey(
  accessKeyId: string,
  secretAccessKey: string,
): Extract<CredentialSettings, { kind: "keys" }> {
  return { kind: "keys", accessKeyId, secretAccessKey, sessionToken: null };
}

/** Creates a bucket with a unique name, and a client for it. */
export async function openS3Box(
  { access }: Pick<S3Server, "access">,
  patience: Partial<S3Patience> = {},
): Promise<S3Box> {
  const bucket = `test-${crypto.randomUUID()}`;
  const { signal } = new AbortController();
  await createS3Sender({ ...access, bucket })({ method: "PUT", key: "", signal });
  return { bucket, client: createS3Client({ ...access, bucket, patience }) };
}

/**
 * S3 servers for tests, and buckets in them.
 *
 * @module
 */

import { createS3Client, type S3Client } from "../../data/s3/client.ts";
import type { CredentialSettings } from "../../data/s3/load_credentials.ts";
import { createS3Sender, type S3Patience } from "../../data/s3/request.ts";
import type { S3Access } from "../../data/s3/sign.ts";
import type { Environment } from "./process.ts";

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

/** The settings with which a service stores its files in a bucket, below `files/`. */
export function s3Settings({ access }: Pick<S3Server, "access">, bucket: string): Environment {
  const { endpoint, region, credentials } = access;
  if (credentials.kind !== "keys") throw new TypeError("Cannot use S3 as its credentials change");
  return {
    FILE_STORE: `s3://${bucket}/files`,
    S3_ENDPOINT: endpoint,
    S3_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

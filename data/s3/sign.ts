/**
 * The URL, the headers and the signature (AWS Signature Version 4) of requests to S3.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import type { CredentialSettings, S3Credentials } from "./load_credentials.ts";

/** Encryption at rest that S3 must use, with a key of its own or of KMS. */
export interface S3Encryption {
  /** `AES256`, `aws:kms` or `aws:kms:dsse`. */
  readonly algorithm: string;
  /** The id of the key in KMS; null for the default key. */
  readonly kmsKeyId: string | null;
}

/** The server and the credentials for it. */
export interface S3Access {
  /** URL of an S3-compatible server; null for AWS itself. */
  readonly endpoint: string | null;
  /** The region, which is part of signatures. */
  readonly region: string;
  /** Where the credentials come from. */
  readonly credentials: CredentialSettings;
  /** The encryption of new objects; by default what the bucket is set to. */
  readonly encryption?: S3Encryption | null;
}

/** What a signature covers of a request. */
export interface S3Signable {
  /** The method. */
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** The key of the object; "" for the bucket itself. */
  readonly key: string;
  /** The query parameters. */
  readonly query?: Readonly<Record<string, string>>;
  /** Headers in addition to those that signing adds. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the request creates an object, so that it must say how to encrypt it. */
  readonly isCreating?: boolean;
  /** The body, sent whole with each try. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the body, hexadecimal, if known. */
  readonly sha256?: string;
}

/**
 * The URL of a bucket: path style, except for AWS, where each bucket has its own host. A bucket with
 * a dot uses path style there too, as its host would not match the certificate.
 */
export function bucketUrl(
  { endpoint, region, bucket }: Pick<S3Access, "endpoint" | "region"> & { bucket: string },
): string {
  if (endpoint !== null) return `${endpoint.replace(/\/+$/, "")}/${bucket}`;
  const host = `s3.${region}.amazonaws.com`;
  return bucket.includes(".") ? `https://${host}/${bucket}` : `https://${bucket}.${host}`;
}

/** The URL of a request, below the URL of the bucket. */
export function requestUrl(
  base: string,
  { key, query = {} }: Pick<S3Signable, "key" | "query">,
): string {
  const search = Object.entries(query).map((pair) => pair.map(encoded).join("=")).join("&");
  const path = key === "" ? "" : `/${key.split("/").map(encoded).join("/")}`;
  return `${base}${path}${search && `?${search}`}`;
}

/** Encodes everything except `A-Z a-z 0-9 - _ . ~`, as signatures require. */
function encoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Signs a request. `cache` keeps keys that are derived from the secret, one a day. */
export async function signedRequest(
  request: S3Signable,
  { access, url, key, cache }: {
    access: Pick<S3Access, "region" | "encryption">;
    url: string;
    key: S3Credentials;
    cache: Map<string, ArrayBuffer>;
  },
): Promise<{ url: URL; headers: Headers }> {
  const sha256 = request.sha256 ??
    createHash("sha256").update(request.body ?? new Uint8Array(0)).digest("hex");
  const headers = {
    ...request.headers,
    ...(request.isCreating ? encryptionHeaders(access.encryption ?? null) : {}),
    "x-amz-content-sha256": sha256,
  };
  const { accessKeyId, secretAccessKey } = key;
  const sessionToken = key.sessionToken ?? undefined;
  const { region } = access;
  const who = { accessKeyId, secretAccessKey, sessionToken, region, service: "s3", cache };
  return await new AwsV4Signer({ method: request.method, url, headers, ...who }).sign();
}

function encryptionHeaders(encryption: S3Encryption | null): Record<string, string> {
  if (encryption === null) return {};
  const name = "x-amz-server-side-encryption";
  const { algorithm, kmsKeyId } = encryption;
  return {
    [name]: algorithm,
    ...(kmsKeyId === null ? {} : { [`${name}-aws-kms-key-id`]: kmsKeyId }),
  };
}

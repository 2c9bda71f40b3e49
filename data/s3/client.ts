/**
 * A client for one bucket in S3 or a compatible server: it puts, reads, lists and deletes objects, and
 * uploads them in parts.
 *
 * A put or a part that resolves is proven to be stored. Its length, MD5 (`Content-MD5`) and SHA-256
 * (part of the signature) are sent along, and the server must reject a body that differs. The newer
 * `x-amz-checksum-` headers would prove the same, but not every server supports them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { AppError } from "../app_error.ts";
import { createS3Reader, type S3ByteRange } from "./read.ts";
import {
  createS3Sender,
  type S3Answer,
  type S3Patience,
  type S3Send,
  type S3SenderOptions,
} from "./request.ts";
import { xmlElements, xmlEscaped, xmlText } from "./xml.ts";
import type { WrittenFile } from "../files/file_store.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The prefix of metadata in headers. */
const META = "x-amz-meta-";
/** The metadata with the SHA-256 of an object that was put in one request. */
const SHA256_META = `${META}sha256`;

/** An object without its bytes. */
export interface S3Head {
  /** Its length, bytes. */
  readonly sizeBytes: number;
  /** Its entity tag without quotes; "" if the server sends none. */
  readonly etag: string;
  /** Its metadata by name, without `x-amz-meta-`. */
  readonly meta: Readonly<Record<string, string>>;
}

/** An object in a list. */
export interface S3Listed {
  /** Its key. */
  readonly key: string;
  /** Its length, bytes. */
  readonly sizeBytes: number;
  /** Its entity tag without quotes. */
  readonly etag: string;
}

/** An unfinished upload in parts. */
export interface S3Upload {
  /** The key of its object. */
  readonly key: string;
  /** Its id. */
  readonly uploadId: string;
}

/** A stored part. */
export interface S3Part {
  /** Its number, from 1. */
  readonly number: number;
  /** Its entity tag as the server sent it. */
  readonly etag: string;
}

/** The digests of some bytes, hexadecimal. */
export interface S3Digests {
  /** MD5. */
  readonly md5: string;
  /** SHA-256. */
  readonly sha256: string;
}

/** The options of every call. */
export interface S3CallOptions {
  /** Ends the call. */
  readonly signal: AbortSignal;
  /** Overrides the patience of the client. */
  readonly patience?: Partial<S3Patience>;
}

/** The options of a put. */
export interface S3PutOptions extends S3CallOptions {
  /** Media type of the object; `application/octet-stream` by default. */
  readonly contentType?: string;
  /** The digests of the bytes, if known. */
  readonly digests?: S3Digests;
}

/** The options of a list. */
export interface S3ListOptions extends S3CallOptions {
  /** What the keys start with. */
  readonly prefix: string;
  /** Excludes keys with a further `/`. */
  readonly isFlat?: boolean;
  /** Gets what the excluded keys start with. */
  readonly onFolder?: (prefix: string) => void;
}

/**
 * A client for one bucket. Every call retries faults that may pass. It throws AppError
 * (STORAGE_UNAVAILABLE, STORAGE_FULL), or the reason of its signal.
 */
export interface S3Client {
  /** Stores bytes under a key, replacing any object there. Resolves when that is proven. */
  put(key: string, body: Bytes, options: S3PutOptions): Promise<WrittenFile>;
  /** The object under a key, or null. */
  head(key: string, options: S3CallOptions): Promise<S3Head | null>;
  /**
   * The bytes of an object or of a range of it; null if there is no object. The stream continues
   * after a broken connection. It fails if the object has changed or is shorter than the range.
   */
  get(
    key: string,
    options: S3CallOptions & { range?: S3ByteRange },
  ): Promise<ReadableStream<Bytes> | null>;
  /** Deletes an object; does nothing if there is none. */
  remove(key: string, options: S3CallOptions): Promise<void>;
  /**
   * The objects whose keys start with a prefix, by key; `isFlat` excludes keys with a further `/`. Then
   * `onFolder` gets what such keys start with, up to that `/`, once each.
   */
  list(options: S3ListOptions): AsyncGenerator<S3Listed>;
  /** The unfinished uploads whose keys start with a prefix. */
  listUploads(options: S3CallOptions & { prefix: string }): AsyncGenerator<S3Upload>;
  /** Opens an upload. `isUncertain` means that a retry may have opened a second one. */
  createUpload(
    key: string,
    options: S3CallOptions & { contentType?: string; meta?: Readonly<Record<string, string>> },
  ): Promise<{ uploadId: string; isUncertain: boolean }>;
  /** Stores a part of 5 MiB to 5 GiB. The last part may be smaller. */
  putPart(
    upload: S3Upload,
    part: { number: number; body: Bytes; digests: S3Digests },
    options: S3CallOptions,
  ): Promise<S3Part>;
  /**
   * Makes an object of the parts. If a try succeeds but its answer is lost, the server no longer knows
   * the upload. Some servers then answer 404, which counts as success here, and some 500. So
   * `isDone` is called before every retry, and the caller must check the object afterwards. Resolves
   * with whether the server said that it made the object of these parts.
   */
  completeUpload(
    upload: S3Upload,
    parts: readonly S3Part[],
    options: S3CallOptions & { isDone: () => Promise<boolean> },
  ): Promise<boolean>;
  /** Deletes an upload and its parts; does nothing if there is none. */
  abortUpload(upload: S3Upload, options: S3CallOptions): Promise<void>;
}

/** Creates a client for one bucket. It keeps nothing open. */
export function createS3Client(options: S3SenderOptions): S3Client {
  const send = createS3Sender(options);
  const head: S3Client["head"] = (key, call) => headObject(send, key, call);
  return {
    head,
    get: createS3Reader(send, { ...options.patience }),
    put: (key, body, call) => putObject({ send, head }, { key, body }, call),
    async remove(key, call) {
      await send({ method: "DELETE", key, accepts: [404], ...call }).then(requireBucket);
    },
    list: (call) => listObjects(send, call),
    listUploads: (call) => listUploads(send, call),
    async createUpload(key, { contentType, meta = {}, ...call }) {
      const headers: Record<string, string> = { "content-type": contentType ?? OCTETS };
      for (const [name, value] of Object.entries(meta)) headers[META + name] = value;
      const query = { uploads: "" };
      const answer = await send({ method: "POST", key, query, headers, isCreating: true, ...call });
      const uploadId = xmlText(answer.text, "UploadId");
      if (uploadId === null) throw unexpected("opened an upload without an id");
      return { uploadId, isUncertain: answer.isUncertain };
    },
    async putPart({ key, uploadId }, { number, body, digests }, call) {
      const query = { partNumber: String(number), uploadId };
      const answer = await send({ method: "PUT", key, query, ...proven(body, digests), ...call });
      return { number, etag: answer.headers.get("etag") ?? "" };
    },
    completeUpload: (upload, parts, call) => completeUpload(send, { upload, parts }, call),
    async abortUpload({ key, uploadId }, call) {
      await send({ method: "DELETE", key, query: { uploadId }, accepts: [404], ...call });
    },
  };
}

const OCTETS = "application/octet-stream";

/** A body, with the digests that the server must check. */
function proven(
  body: Bytes,
  { md5, sha256 }: S3Digests,
): { body: Bytes; sha256: string; headers: Record<string, string> } {
  return { body, sha256, headers: { "content-md5": Uint8Array.fromHex(md5).toBase64() } };
}

async function putObject(
  { send, head }: { send: S3Send; head: S3Client["head"] },
  { key, body }: { key: string; body: Bytes },
  { contentType = OCTETS, digests = digestsOf(body), ...call }: S3PutOptions,
): Promise<WrittenFile> {
  const request = proven(body, digests);
  const headers = {
    ...request.headers,
    "content-type": contentType,
    [SHA256_META]: digests.sha256,
  };
  const answer = await send({ method: "PUT", key, isCreating: true, ...request, ...call, headers });
  const written = { sizeBytes: body.length, sha256: digests.sha256 };
  // The entity tag is the MD5, unless the bucket encrypts with its own keys.
  if (bare(answer.headers.get("etag")) === digests.md5) return written;
  const stored = await head(key, call);
  if (stored?.sizeBytes === body.length && stored.meta.sha256 === digests.sha256) return written;
  throw unexpected("holds something other than what was put");
}

function digestsOf(body: Bytes): S3Digests {
  return {
    md5: createHash("md5").update(body).digest("hex"),
    sha256: createHash("sha256").update(body).digest("hex"),
  };
}

async function headObject(
  send: S3Send,
  key: string,
  call: S3CallOptions,
): Promise<S3Head | null> {
  const { status, headers } = await send({ method: "HEAD", key, accepts: [404], ...call });
  if (status === 404) return null;
  const meta = [...headers].filter(([name]) => name.startsWith(META))
    .map(([name, value]) => [name.slice(META.length), value]);
  return {
    sizeBytes: Number(headers.get("content-length")),
    etag: bare(headers.get("etag")),
    meta: Object.fromEntries(meta),
  };
}

async function* listObjects(
  send: S3Send,
  { prefix, isFlat = false, onFolder, ...call }: S3ListOptions,
): AsyncGenerator<S3Listed> {
  let after: string | null = null;
  do {
    const query: Record<string, string> = { "list-type": "2", prefix };
    if (isFlat) query.delimiter = "/";
    if (after !== null) query["continuation-token"] = after;
    const { text } = await send({ method: "GET", key: "", query, ...call });
    for (const item of xmlElements(text, "Contents")) {
      const sizeBytes = Number(xmlText(item, "Size"));
      yield { key: xmlText(item, "Key") ?? "", sizeBytes, etag: bare(xmlText(item, "ETag")) };
    }
    for (const folder of xmlElements(text, "CommonPrefixes")) {
      onFolder?.(xmlText(folder, "Prefix") ?? "");
    }
    after = xmlText(text, "NextContinuationToken");
  } while (after !== null);
}

async function* listUploads(
  send: S3Send,
  { prefix, ...call }: S3CallOptions & { prefix: string },
): AsyncGenerator<S3Upload> {
  let after: Record<string, string> | null = {};
  while (after !== null) {
    const query: Record<string, string> = { uploads: "", prefix, ...after };
    const { text } = await send({ method: "GET", key: "", query, ...call });
    for (const item of xmlElements(text, "Upload")) {
      yield { key: xmlText(item, "Key") ?? "", uploadId: xmlText(item, "UploadId") ?? "" };
    }
    const isCut = xmlText(text, "IsTruncated") === "true";
    const keyMarker = xmlText(text, "NextKeyMarker") ?? "";
    const idMarker = xmlText(text, "NextUploadIdMarker") ?? "";
    after = isCut ? { "key-marker": keyMarker, "upload-id-marker": idMarker } : null;
  }
}

async function completeUpload(
  send: S3Send,
  { upload, parts }: { upload: S3Upload; parts: readonly S3Part[] },
  call: S3CallOptions & { isDone: () => Promise<boolean> },
): Promise<boolean> {
  const listed = parts.map(({ number, etag }) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${xmlEscaped(etag)}</ETag></Part>`
  );
  const space = "http://s3.amazonaws.com/doc/2006-03-01/";
  const xml = `<CompleteMultipartUpload xmlns="${space}">${listed.join("")}` +
    "</CompleteMultipartUpload>";
  const { text } = await send({
    method: "POST",
    key: upload.key,
    query: { uploadId: upload.uploadId },
    headers: { "content-type": "application/xml" },
    body: new TextEncoder().encode(xml),
    accepts: [404],
    ...call,
  });
  return /<CompleteMultipartUploadResult[\s>]/.test(text);
}

/** Throws if a 404 means the bucket, not the object. */
function requireBucket({ status, text }: S3Answer): void {
  if (status === 404 && xmlText(text, "Code") === "NoSuchBucket") {
    throw new AppError("STORAGE_UNAVAILABLE", "S3 answered 404 NoSuchBucket");
  }
}

function bare(etag: string | null): string {
  return (etag ?? "").replaceAll('"', "").toLowerCase();
}

function unexpected(what: string): AppError {
  return new AppError("STORAGE_UNAVAILABLE", `S3 ${what}`);
}

/**
 * A bucket in S3, or in what speaks its protocol: objects put, looked at, listed and deleted, and
 * the steps of an upload in parts.
 *
 * What a put or a part says is stored was proven: its length, MD5 (`Content-MD5`) and SHA-256 (part
 * of the signature) go with it, and the server has to refuse a body that differs from one of them.
 * The newer `x-amz-checksum-` headers would say the same and are not known to every server.
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

/** What metadata of an object begin with in headers. */
const META = "x-amz-meta-";
/** The metadata that holds the SHA-256 of an object that was put at once. */
const SHA256_META = `${META}sha256`;

/** What an object is, without its bytes. */
export interface S3Head {
  /** Its length, bytes. */
  readonly sizeBytes: number;
  /** Its entity tag without quotes; "" where the server gives none. */
  readonly etag: string;
  /** Its metadata by name, without `x-amz-meta-`. */
  readonly meta: Readonly<Record<string, string>>;
}

/** An object as a list tells it. */
export interface S3Listed {
  /** Its key. */
  readonly key: string;
  /** Its length, bytes. */
  readonly sizeBytes: number;
  /** Its entity tag without quotes. */
  readonly etag: string;
}

/** An upload in parts that was neither completed nor aborted. */
export interface S3Upload {
  /** The key it would show under. */
  readonly key: string;
  /** Its id. */
  readonly uploadId: string;
}

/** A part that is stored. */
export interface S3Part {
  /** Its number, from 1. */
  readonly number: number;
  /** Its entity tag as the server gave it. */
  readonly etag: string;
}

/** The digests of bytes, hexadecimal. */
export interface S3Digests {
  /** MD5. */
  readonly md5: string;
  /** SHA-256. */
  readonly sha256: string;
}

/** What every call takes. */
export interface S3CallOptions {
  /** Ends the call. */
  readonly signal: AbortSignal;
  /** Differs from the client's for this call. */
  readonly patience?: Partial<S3Patience>;
}

/** What a put may take. */
export interface S3PutOptions extends S3CallOptions {
  /** Media type of the object; `application/octet-stream` by default. */
  readonly contentType?: string;
  /** Digests of the bytes where they are known. */
  readonly digests?: S3Digests;
}

/**
 * A bucket. Each call is tried again where that may help, and throws AppError (STORAGE_UNAVAILABLE,
 * STORAGE_FULL), or the reason of its signal.
 */
export interface S3Client {
  /** Stores bytes under a key, replacing what was there; resolves when that is proven. */
  put(key: string, body: Bytes, options: S3PutOptions): Promise<WrittenFile>;
  /** What is under a key, or null. */
  head(key: string, options: S3CallOptions): Promise<S3Head | null>;
  /**
   * The bytes of an object or of a range of it; null where there is none. The stream goes on where
   * a connection broke, and fails where the object has changed or is shorter than the range.
   */
  get(
    key: string,
    options: S3CallOptions & { range?: S3ByteRange },
  ): Promise<ReadableStream<Bytes> | null>;
  /** Deletes an object; fine when there is none. */
  remove(key: string, options: S3CallOptions): Promise<void>;
  /** The objects whose keys begin with a prefix, by key; with `isFlat` only up to the next `/`. */
  list(
    options: S3CallOptions & { prefix: string; isFlat?: boolean },
  ): AsyncGenerator<S3Listed>;
  /** The unfinished uploads whose keys begin with a prefix. */
  listUploads(options: S3CallOptions & { prefix: string }): AsyncGenerator<S3Upload>;
  /** Opens an upload. `isUncertain` says that another one may have been opened beside it. */
  createUpload(
    key: string,
    options: S3CallOptions & { contentType?: string; meta?: Readonly<Record<string, string>> },
  ): Promise<{ uploadId: string; isUncertain: boolean }>;
  /** Stores a part: 5 MiB to 5 GiB, the last may be smaller. */
  putPart(
    upload: S3Upload,
    part: { number: number; body: Bytes; digests: S3Digests },
    options: S3CallOptions,
  ): Promise<S3Part>;
  /**
   * Makes an object of the parts. A server that has done so at a try whose answer was lost knows the
   * upload no more: some say so with 404, which is fine here, and some with 500. So `isDone` is
   * asked before every other try, and whoever calls this looks at the object afterwards.
   */
  completeUpload(
    upload: S3Upload,
    parts: readonly S3Part[],
    options: S3CallOptions & { isDone: () => Promise<boolean> },
  ): Promise<void>;
  /** Forgets an upload and its parts; fine when it is not there. */
  abortUpload(upload: S3Upload, options: S3CallOptions): Promise<void>;
}

/** A client of one bucket. It holds nothing open. */
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
      const answer = await send({ method: "POST", key, query: { uploads: "" }, headers, ...call });
      const uploadId = xmlText(answer.text, "UploadId");
      if (uploadId === null) throw unexpected("opened an upload without telling its id");
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

/** A body with what the server is to check it against. */
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
  const answer = await send({ method: "PUT", key, ...request, ...call, headers });
  const written = { sizeBytes: body.length, sha256: digests.sha256 };
  // An entity tag is the MD5 unless the bucket encrypts with keys of its own.
  if (bare(answer.headers.get("etag")) === digests.md5) return written;
  const stored = await head(key, call);
  if (stored?.sizeBytes === body.length && stored.meta.sha256 === digests.sha256) return written;
  throw unexpected("holds something else than what was put");
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
  { prefix, isFlat = false, ...call }: S3CallOptions & { prefix: string; isFlat?: boolean },
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
): Promise<void> {
  const listed = parts.map(({ number, etag }) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${xmlEscaped(etag)}</ETag></Part>`
  );
  const space = "http://s3.amazonaws.com/doc/2006-03-01/";
  const xml = `<CompleteMultipartUpload xmlns="${space}">${listed.join("")}` +
    "</CompleteMultipartUpload>";
  await send({
    method: "POST",
    key: upload.key,
    query: { uploadId: upload.uploadId },
    headers: { "content-type": "application/xml" },
    body: new TextEncoder().encode(xml),
    accepts: [404],
    ...call,
  });
}

/** A 404 may speak of the object or of the bucket. */
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

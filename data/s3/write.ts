/**
 * Writes a stream of unknown length as one object: in one request if it is short, otherwise in parts,
 * a few of which are on their way at once. The object becomes visible whole or not at all.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { AppError } from "../app_error.ts";
import { startDeadline } from "../files/deadline.ts";
import type { WrittenFile } from "../files/file_store.ts";
import type {
  S3CallOptions,
  S3Client,
  S3Digests,
  S3Part,
  S3PutOptions,
  S3Upload,
} from "./client.ts";
import { untilAborted } from "../files/until_aborted.ts";
import { createPartSender } from "./part_sender.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The options of a write. */
export interface S3WriteOptions extends Omit<S3PutOptions, "digests"> {
  /** Length of every part except the last, bytes. S3 requires 5 MiB or more. */
  readonly partBytes?: number;
  /** How many parts may be on their way at once. */
  readonly partsAtOnce?: number;
}

/** Length of a part, bytes. S3 allows 10,000 parts, which make 78 GiB. */
export const S3_PART_BYTES = 8_388_608;
/** How long cleaning up after a failed write may take, milliseconds. */
const CLEANING_MS = 10_000;
/** The metadata that identifies the write that made an object from parts. */
const WRITE_META = "write-id";

/** A part of an object, with its digests. */
export interface ObjectPart {
  /** Its bytes. */
  readonly body: Bytes;
  /** Their digests. */
  readonly digests: S3Digests;
  /** Whether it is the last one. */
  readonly isLast: boolean;
}

/** The upload of a write. */
export interface OpenUpload extends S3Upload {
  /** Identifies the write in the metadata of the object. */
  readonly writeId: string;
}

/** A part that is being filled. */
export interface PartFiller {
  /** How many bytes it has. */
  sizeBytes(): number;
  /** Adds bytes, which must not change later. */
  add(chunk: Bytes): void;
  /** A copy of its bytes so far. */
  bytes(): Bytes;
  /** Ends it. */
  end(isLast: boolean): ObjectPart;
}

/**
 * Writes a stream to its end under a key. Resolves when S3 has confirmed length and checksum. If the
 * stream fails or the signal aborts, the reason is thrown and no object becomes visible, unless the
 * last request was already on its way. May abort uploads that other writers have open under the key.
 */
export async function writeS3Object(
  client: S3Client,
  { key, body }: { key: string; body: ReadableStream<Bytes> },
  options: S3WriteOptions,
): Promise<WrittenFile> {
  const whole = createHash("sha256");
  const objectParts = splitParts(untilAborted(body, options.signal), {
    partBytes: options.partBytes ?? S3_PART_BYTES,
    whole,
  });
  try {
    const first = (await objectParts.next()).value;
    if (first === undefined) throw new Error("Cannot write an object without a part");
    if (first.isLast) {
      return await client.put(key, first.body, { ...options, digests: first.digests });
    }
    const sizeBytes = await writeParts(client, { key, first, rest: objectParts }, options);
    return { sizeBytes, sha256: whole.digest("hex") };
  } catch (error) {
    await body.cancel(error).catch(() => {});
    throw error;
  }
}

/** Splits chunks into parts of equal length. There is at least one, and only the last is shorter. */
async function* splitParts(
  chunks: AsyncIterable<Bytes>,
  { partBytes, whole }: { partBytes: number; whole: Hash },
): AsyncGenerator<ObjectPart, void> {
  let part = startPart();
  for await (const chunk of chunks) {
    whole.update(chunk);
    for (let at = 0; at < chunk.length;) {
      // A full part waits for the next byte, as without one it is the last.
      if (part.sizeBytes() === partBytes) {
        yield part.end(false);
        part = startPart();
      }
      const bytes = chunk.subarray(at, at + partBytes - part.sizeBytes());
      part.add(bytes);
      at += bytes.length;
    }
  }
  yield part.end(true);
}

/** Begins a part. */
export function startPart(): PartFiller {
  const md5 = createHash("md5"), sha256 = createHash("sha256");
  const chunks: Bytes[] = [];
  let sizeBytes = 0;

  function bytes(): Bytes {
    const body = new Uint8Array(sizeBytes);
    let at = 0;
    for (const chunk of chunks) {
      body.set(chunk, at);
      at += chunk.length;
    }
    return body;
  }

  return {
    sizeBytes: () => sizeBytes,
    add(chunk) {
      md5.update(chunk);
      sha256.update(chunk);
      chunks.push(chunk);
      sizeBytes += chunk.length;
    },
    bytes,
    end: (isLast) => ({
      body: bytes(),
      digests: { md5: md5.digest("hex"), sha256: sha256.digest("hex") },
      isLast,
    }),
  };
}

/** Opens an upload under a key, of which nobody else has one. */
export async function openUpload(
  client: S3Client,
  key: string,
  options: S3CallOptions & { readonly contentType?: string },
): Promise<OpenUpload> {
  const writeId = crypto.randomUUID();
  const meta = { [WRITE_META]: writeId };
  const { uploadId, isUncertain } = await client.createUpload(key, { ...options, meta });
  const upload = { key, writeId, uploadId };
  if (isUncertain) await abortS3Uploads(client, { ...options, key, keep: upload });
  return upload;
}

/** Writes an object as an upload in parts. Returns its length. */
async function writeParts(
  client: S3Client,
  { key, first, rest }: { key: string; first: ObjectPart; rest: AsyncGenerator<ObjectPart, void> },
  options: S3WriteOptions,
): Promise<number> {
  let upload: OpenUpload | null = null;
  try {
    upload = await openUpload(client, key, options);
    const { parts, sizeBytes } = await sendParts(client, { upload, first, rest }, options);
    options.signal.throwIfAborted();
    await completeUpload(client, { upload, parts, sizeBytes }, options);
    return sizeBytes;
  } catch (error) {
    await cleanUploads(client, { key, upload });
    throw error;
  }
}

async function sendParts(
  client: S3Client,
  { upload, first, rest }: {
    upload: OpenUpload;
    first: ObjectPart;
    rest: AsyncGenerator<ObjectPart, void>;
  },
  { signal, patience, partsAtOnce }: S3WriteOptions,
): Promise<{ parts: S3Part[]; sizeBytes: number }> {
  const sender = createPartSender(client, { upload, signal, patience, partsAtOnce });
  let sizeBytes = first.body.length;
  try {
    await sender.send(first);
    for await (const part of rest) {
      sizeBytes += part.body.length;
      await sender.send(part);
    }
    return { parts: await sender.stored(), sizeBytes };
  } catch (error) {
    await sender.end(error);
    throw error;
  }
}

/**
 * Completes the upload, and proves that the object is whole and from this upload. False if that is known
 * from its length and metadata only, because the answer of S3 was lost.
 */
export async function completeUpload(
  client: S3Client,
  { upload, parts, sizeBytes }: {
    upload: OpenUpload;
    parts: readonly S3Part[];
    sizeBytes: number;
  },
  options: S3CallOptions,
): Promise<boolean> {
  const isDone = async () => {
    const stored = await client.head(upload.key, options);
    return stored?.meta[WRITE_META] === upload.writeId && stored.sizeBytes === sizeBytes;
  };
  const { signal, patience } = options;
  const isCertain = await client.completeUpload(upload, parts, { signal, patience, isDone });
  if (await isDone()) return isCertain;
  throw new AppError("STORAGE_UNAVAILABLE", "S3 does not hold the object that was completed");
}

/** Whether the object at the key of an upload is the one that this upload has become. */
export async function hasBecomeObject(
  client: Pick<S3Client, "head">,
  { key, writeId }: Pick<OpenUpload, "key" | "writeId">,
  options: S3CallOptions,
): Promise<boolean> {
  return (await client.head(key, options))?.meta[WRITE_META] === writeId;
}

/** Aborts the uploads of a failed write, if S3 can be reached; a later sweep finds the rest. */
export async function cleanUploads(
  client: S3Client,
  { key, upload }: { key: string; upload: OpenUpload | null },
): Promise<void> {
  const deadline = startDeadline(new AbortController().signal, CLEANING_MS);
  const call = { signal: deadline.signal, patience: { timeoutMs: CLEANING_MS / 2 } };
  const cleaned = upload === null
    ? abortS3Uploads(client, { ...call, key })
    : client.abortUpload(upload, call);
  await cleaned.catch(() => {}).finally(deadline.clear);
}

/** Aborts every unfinished upload of a key, except `keep`. */
export async function abortS3Uploads(
  client: S3Client,
  { key, keep, ...call }:
    & { key: string; keep?: S3Upload }
    & Pick<
      S3WriteOptions,
      "signal" | "patience"
    >,
): Promise<void> {
  for await (const upload of client.listUploads({ ...call, prefix: key })) {
    if (upload.key !== key || upload.uploadId === keep?.uploadId) continue;
    await client.abortUpload(upload, call);
  }
}

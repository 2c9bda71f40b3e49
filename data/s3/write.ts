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
import type { S3Client, S3Digests, S3Part, S3PutOptions, S3Upload } from "./client.ts";
import { untilAborted } from "../files/until_aborted.ts";

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
/** Parts on their way at once. Each is in memory. */
const PARTS_AT_ONCE = 3;
/** How long cleaning up after a failed write may take, milliseconds. */
const CLEANING_MS = 10_000;
/** The metadata that identifies the write that made an object from parts. */
const WRITE_META = "write-id";

/** A part of an object, with its digests. */
interface ObjectPart {
  readonly body: Bytes;
  readonly digests: S3Digests;
  readonly isLast: boolean;
}

/** The upload of this write. */
interface OpenUpload extends S3Upload {
  readonly writeId: string;
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

function startPart(): {
  sizeBytes(): number;
  add(chunk: Bytes): void;
  end(isLast: boolean): ObjectPart;
} {
  const md5 = createHash("md5"), sha256 = createHash("sha256");
  const chunks: Bytes[] = [];
  let sizeBytes = 0;
  return {
    sizeBytes: () => sizeBytes,
    add(chunk) {
      md5.update(chunk);
      sha256.update(chunk);
      chunks.push(chunk);
      sizeBytes += chunk.length;
    },
    end(isLast) {
      const body = new Uint8Array(sizeBytes);
      let at = 0;
      for (const chunk of chunks) {
        body.set(chunk, at);
        at += chunk.length;
      }
      return { body, digests: { md5: md5.digest("hex"), sha256: sha256.digest("hex") }, isLast };
    },
  };
}

/** Writes an object as an upload in parts. Returns its length. */
async function writeParts(
  client: S3Client,
  { key, first, rest }: { key: string; first: ObjectPart; rest: AsyncGenerator<ObjectPart, void> },
  options: S3WriteOptions,
): Promise<number> {
  const writeId = crypto.randomUUID();
  let upload: OpenUpload | null = null;
  try {
    const opened = await client.createUpload(key, { ...options, meta: { [WRITE_META]: writeId } });
    upload = { key, writeId, uploadId: opened.uploadId };
    if (opened.isUncertain) await abortS3Uploads(client, { ...options, key, keep: upload });
    const { parts, sizeBytes } = await sendParts(client, { upload, first, rest }, options);
    options.signal.throwIfAborted();
    await complete(client, { upload, parts, sizeBytes }, options);
    return sizeBytes;
  } catch (error) {
    await clean(client, { key, upload });
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
  { signal, patience, partsAtOnce = PARTS_AT_ONCE }: S3WriteOptions,
): Promise<{ parts: S3Part[]; sizeBytes: number }> {
  // The first failure ends all other parts, as none may arrive after the upload is aborted.
  const failed = new AbortController();
  const call = { signal: AbortSignal.any([signal, failed.signal]), patience };
  const parts: S3Part[] = [];
  const sending = new Set<Promise<void>>();
  let number = 0, sizeBytes = 0;
  const send = ({ body, digests }: ObjectPart) => {
    const part = { number: ++number, body, digests };
    sizeBytes += body.length;
    const sent = client.putPart(upload, part, call)
      .then((stored) => void (parts[part.number - 1] = stored))
      .finally(() => sending.delete(sent));
    // Awaited later. Until then a rejection must not count as unhandled.
    sent.catch((error) => failed.abort(error));
    sending.add(sent);
  };
  try {
    send(first);
    for await (const part of rest) {
      while (sending.size >= partsAtOnce) await Promise.race(sending);
      failed.signal.throwIfAborted();
      send(part);
    }
    await Promise.all(sending);
    return { parts, sizeBytes };
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    await Promise.allSettled(sending);
  }
}

/** Completes the upload, and proves that the object is whole and from this upload. */
async function complete(
  client: S3Client,
  { upload, parts, sizeBytes }: {
    upload: OpenUpload;
    parts: readonly S3Part[];
    sizeBytes: number;
  },
  options: S3WriteOptions,
): Promise<void> {
  const isDone = async () => {
    const stored = await client.head(upload.key, options);
    return stored?.meta[WRITE_META] === upload.writeId && stored.sizeBytes === sizeBytes;
  };
  const { signal, patience } = options;
  await client.completeUpload(upload, parts, { signal, patience, isDone });
  if (await isDone()) return;
  throw new AppError("STORAGE_UNAVAILABLE", "S3 does not hold the object that was completed");
}

/** Aborts the uploads of a failed write, if S3 can be reached; a later sweep finds the rest. */
async function clean(
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

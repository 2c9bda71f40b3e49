/**
 * Writing a stream of unknown length as one object: at once where it is short, else in parts, a few
 * on their way at a time. The object shows whole or not at all.
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

/** How an object is cut. */
export interface S3WriteOptions extends Omit<S3PutOptions, "digests"> {
  /** Length of every part but the last, bytes; S3 wants at least 5 MiB. */
  readonly partBytes?: number;
  /** How many parts are on their way at once. */
  readonly partsAtOnce?: number;
}

/** Length of a part, bytes: 10,000 of them, which is S3's limit, make 78 GiB. */
export const S3_PART_BYTES = 8_388_608;
/** Parts on their way at once, each in memory. */
const PARTS_AT_ONCE = 3;
/** How long the traces of a write that failed are cleaned at most, milliseconds. */
const CLEANING_MS = 10_000;
/** The metadata that tells which write an object of parts is from. */
const WRITE_META = "write-id";

/** Some consecutive bytes of an object with their digests. */
interface Piece {
  readonly body: Bytes;
  readonly digests: S3Digests;
  readonly isLast: boolean;
}

/** An upload of this write. */
interface OpenUpload extends S3Upload {
  readonly writeId: string;
}

/**
 * Writes a stream to its end under a key; resolves when S3 has proven length and checksum. When the
 * stream fails or the signal aborts, the reason is thrown, and nothing is shown but where the last
 * request was on its way already. Uploads that other writers have open under the key may be aborted.
 */
export async function writeS3Object(
  client: S3Client,
  { key, body }: { key: string; body: ReadableStream<Bytes> },
  options: S3WriteOptions,
): Promise<WrittenFile> {
  const whole = createHash("sha256");
  const pieces = cutPieces(untilAborted(body, options.signal), {
    partBytes: options.partBytes ?? S3_PART_BYTES,
    whole,
  });
  try {
    const first = (await pieces.next()).value;
    if (first === undefined) throw new Error("Cannot write an object without a piece");
    if (first.isLast) {
      return await client.put(key, first.body, { ...options, digests: first.digests });
    }
    const sizeBytes = await writeParts(client, { key, first, pieces }, options);
    return { sizeBytes, sha256: whole.digest("hex") };
  } catch (error) {
    await body.cancel(error).catch(() => {});
    throw error;
  }
}

/** Cuts into pieces of one length; there is at least one, and only the last is shorter. */
async function* cutPieces(
  chunks: AsyncIterable<Bytes>,
  { partBytes, whole }: { partBytes: number; whole: Hash },
): AsyncGenerator<Piece, void> {
  let piece = startPiece();
  for await (const chunk of chunks) {
    whole.update(chunk);
    for (let at = 0; at < chunk.length;) {
      // A full piece waits for the next byte: without one it is the last.
      if (piece.sizeBytes() === partBytes) {
        yield piece.end(false);
        piece = startPiece();
      }
      const taken = chunk.subarray(at, at + partBytes - piece.sizeBytes());
      piece.add(taken);
      at += taken.length;
    }
  }
  yield piece.end(true);
}

function startPiece(): {
  sizeBytes(): number;
  add(chunk: Bytes): void;
  end(isLast: boolean): Piece;
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

/** Writes pieces as an upload in parts; their length together. */
async function writeParts(
  client: S3Client,
  { key, first, pieces }: { key: string; first: Piece; pieces: AsyncGenerator<Piece, void> },
  options: S3WriteOptions,
): Promise<number> {
  const writeId = crypto.randomUUID();
  let upload: OpenUpload | null = null;
  try {
    const opened = await client.createUpload(key, { ...options, meta: { [WRITE_META]: writeId } });
    upload = { key, writeId, uploadId: opened.uploadId };
    if (opened.isUncertain) await abortS3Uploads(client, { ...options, key, keep: upload });
    const { parts, sizeBytes } = await sendParts(client, { upload, first, pieces }, options);
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
  { upload, first, pieces }: {
    upload: OpenUpload;
    first: Piece;
    pieces: AsyncGenerator<Piece, void>;
  },
  { signal, patience, partsAtOnce = PARTS_AT_ONCE }: S3WriteOptions,
): Promise<{ parts: S3Part[]; sizeBytes: number }> {
  // The first part that fails ends the others: none may arrive after the upload is aborted.
  const failed = new AbortController();
  const call = { signal: AbortSignal.any([signal, failed.signal]), patience };
  const parts: S3Part[] = [];
  const sending = new Set<Promise<void>>();
  let number = 0, sizeBytes = 0;
  const send = ({ body, digests }: Piece) => {
    const part = { number: ++number, body, digests };
    sizeBytes += body.length;
    const sent = client.putPart(upload, part, call)
      .then((stored) => void (parts[part.number - 1] = stored))
      .finally(() => sending.delete(sent));
    // Whoever awaits it gets its error; until then it is not one that nobody handles.
    sent.catch((error) => failed.abort(error));
    sending.add(sent);
  };
  try {
    send(first);
    for await (const piece of pieces) {
      while (sending.size >= partsAtOnce) await Promise.race(sending);
      failed.signal.throwIfAborted();
      send(piece);
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

/** Makes the object and proves that it is the one of this upload, whole. */
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

/** Aborts what a write that failed left open, as far as S3 can be reached; a sweep does the rest. */
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

/** Aborts every unfinished upload of a key but one. */
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

/**
 * The bytes of an upload that are compressed with gzip.
 *
 * @module
 */

import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError } from "../app_error.ts";
import { atMost } from "./upload_too_large.ts";
import { withTurns } from "./with_turns.ts";

/** Bytes that gzip returns at once. A small upload may decompress to a thousand times its length. */
const DECOMPRESSED_BYTES = 65_536;

/**
 * Bytes that are given to gzip at once. Deno 2.5 returns what comes of them as one chunk, which is a
 * thousand times as long at most.
 */
const COMPRESSED_BYTES = 8_192;

/**
 * The bytes of an upload, decompressed if they are gzip. All members of a gzip file are read. Timers and
 * other requests get their turn between two chunks.
 *
 * @param maxBytes How many bytes it may be decompressed to.
 * @throws {AppError} MALFORMED_BODY if the bytes are not gzip; BODY_TOO_LARGE; what the chunks throw.
 */
export async function* plainBytes(
  chunks: AsyncIterable<Uint8Array>,
  isGzip: boolean,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  yield* withTurns(isGzip ? atMost(gunzipped(chunks), maxBytes) : chunks);
}

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let received = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      received += chunk.length;
      yield chunk;
    }
  }
  const gunzip = createGunzip({ chunkSize: DECOMPRESSED_BYTES });
  // An error on either side ends both; the loop over the decompressed chunks throws it.
  const pieces = inPieces(counted(), COMPRESSED_BYTES);
  pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 1 }), gunzip, () => {});
  try {
    yield* inPieces(gunzip, DECOMPRESSED_BYTES);
    // Zeros after a member end the stream; what follows them would be lost silently.
    if (gunzip.bytesWritten < received) throw new Error("bytes follow the last member");
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("MALFORMED_BODY", "The body is not valid gzip", {
      details: "What was stored stays stored; send the whole upload again to complete it",
      cause,
    });
  } finally {
    gunzip.destroy();
  }
}

/** The same bytes in chunks of at most `maxBytes`. */
async function* inPieces(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += maxBytes) yield chunk.subarray(at, at + maxBytes);
  }
}

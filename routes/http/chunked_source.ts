/**
 * The bytes of a body in chunks (RFC 9112 §7.1), so that little of it is in memory.
 *
 * With each read of such a body, Deno 2.9 takes as many bytes from the socket as the buffer of the
 * read has room for, but it returns at most the rest of one chunk. It keeps the difference, without a
 * bound, and each read moves all that it keeps. So 250 MB in chunks of 64 KiB took 40 s and 130 MB;
 * chunks of a byte would take 64 KiB each. It keeps nothing as soon as a read has to wait for the
 * client. This bounds it:
 *
 * - Reads have small buffers. Of a body in chunks of 64 KiB, 6% are kept, instead of all of it.
 * - How much may be kept is known: each read adds its buffer less the bytes that it returned.
 * - When that is too much to be moved all the time, reading goes on without handing anything on, until
 *   a read has to wait. Most clients are slower than that.
 * - If that does not help, the body is refused.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { AppError } from "../../data/app_error.ts";
import { type BodySource, createPlainSource } from "./body_source.ts";
import type { ReadAhead, ReadAheadShare } from "./read_ahead.ts";
import { createTurnClock } from "./turn_clock.ts";

/** Bytes that a read asks for: at first, which is what Deno has room for in any case, and at most. */
const READ_MIN_BYTES = 1_024;
const READ_MAX_BYTES = 4_096;
/** Bytes that are handed on at once. */
const PIECE_BYTES = 65_536;
/** Reads after which a piece is handed on, so that tiny chunks leave others their turn. */
const PIECE_READS = 64;
/** Bytes kept from which on reading goes on until the client has to be waited for. */
const CATCH_UP_BYTES = 262_144;
/** Bytes kept after which it is tried again, if it did not help. */
const CATCH_UP_AGAIN_BYTES = 1_048_576;

/** A source for a body in chunks. `ahead` knows what other bodies have in memory. */
export function createChunkedSource(
  body: ReadableStream<Uint8Array>,
  ahead: ReadAhead,
): BodySource {
  const reader = byobReader(body);
  if (reader === null) return createPlainSource(body);
  const share = ahead.open();
  const pieces = createPieceReader(reader, share);
  const held: Uint8Array[] = [];
  /** What went wrong after the pieces that are held. */
  let failure: { readonly error: unknown } | null = null;
  let catchUpBytes = CATCH_UP_BYTES;

  /** Reads until the client has to be waited for, as far as there is room. */
  async function catchUp(): Promise<void> {
    try {
      while (!pieces.isEmpty() && share.hasRoom()) {
        const piece = await pieces.next();
        if (piece === null) break;
        held.push(piece);
        share.hold(piece.length);
        await letOthersRun();
      }
    } catch (error) {
      failure = { error };
    }
    catchUpBytes = pieces.isEmpty() ? CATCH_UP_BYTES : share.keptBytes() + CATCH_UP_AGAIN_BYTES;
  }

  return {
    async next() {
      const piece = held.shift();
      if (piece !== undefined) {
        share.hold(-piece.length);
        return piece;
      }
      if (failure !== null) throw failure.error;
      const next = await pieces.next();
      if (next !== null && share.keptBytes() > catchUpBytes) await catchUp();
      return next;
    },
    async cancel() {
      held.length = 0;
      try {
        await reader.cancel();
      } finally {
        share.close();
      }
    },
  };
}

/** Reads pieces of a body. */
interface PieceReader {
  /** The next piece; null at the end. @throws {AppError} LENGTH_REQUIRED. */
  next(): Promise<Uint8Array | null>;
  /** Whether the last piece took all that the client had sent. */
  isEmpty(): boolean;
}

function createPieceReader(reader: ReadableStreamBYOBReader, share: ReadAheadShare): PieceReader {
  let readBytes = READ_MIN_BYTES;
  let buffer: ArrayBufferLike = new ArrayBuffer(readBytes);
  /** The read that runs; it may outlast a call that hands on what came before it. */
  let reading: Promise<ReadableStreamReadResult<Uint8Array>> | null = null;
  let isEmpty = false;
  let isEnded = false;

  /** The next bytes; null at the end, or if `mayWait` is false and they are not there yet. */
  async function read(
    clock: ReturnType<typeof createTurnClock>,
    mayWait: boolean,
  ): Promise<Uint8Array | null> {
    if (share.isTooMuch()) throw tooFast();
    reading ??= reader.read(new Uint8Array(buffer));
    isEmpty = await clock.isWaiting(reading);
    if (isEmpty) share.clear();
    if (isEmpty && !mayWait) return null;
    const { done, value } = await reading;
    reading = null;
    isEnded = done;
    if (done) share.clear();
    if (value === undefined) return null;
    buffer = value.buffer;
    share.add(readBytes - value.length);
    return value;
  }

  function grow(value: Uint8Array): void {
    if (value.length < readBytes || readBytes === READ_MAX_BYTES) return;
    readBytes *= 2;
    buffer = new ArrayBuffer(readBytes);
  }

  return {
    isEmpty: () => isEmpty || isEnded,
    async next() {
      if (isEnded) return null;
      using clock = createTurnClock();
      const first = await read(clock, true);
      if (first === null) return null;
      const piece = new Uint8Array(PIECE_BYTES);
      let size = 0;
      let value: Uint8Array | null = first;
      for (let reads = 1; value !== null; reads++) {
        piece.set(value, size);
        size += value.length;
        grow(value);
        const isFull = reads >= PIECE_READS || size + readBytes > PIECE_BYTES;
        value = isFull ? null : await read(clock, false);
      }
      // A short piece must not hold on to the memory of a long one.
      return size > PIECE_BYTES / 2 ? piece.subarray(0, size) : piece.slice(0, size);
    },
  };
}

/** A reader that fills our buffers; null for a body that Deno has whole in memory already. */
function byobReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: "byob" });
  } catch (error) {
    if (error instanceof TypeError && !body.locked) return null;
    throw error;
  }
}

function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function tooFast(): AppError {
  return new AppError(
    "LENGTH_REQUIRED",
    "This body without Content-Length arrives faster than it can be read",
    { details: "What was stored stays; send the body again with Content-Length" },
  );
}

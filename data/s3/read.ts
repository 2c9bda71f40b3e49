/**
 * Reads an object as a stream that survives broken connections.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import { type Deadline, startDeadline } from "../files/deadline.ts";
import { type Follower, followSignal } from "../files/follow_signal.ts";
import { S3_PATIENCE, type S3Answer, type S3Patience, type S3Send } from "./request.ts";
import { xmlText } from "./xml.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes `start` to `end`, exclusive. */
export interface S3ByteRange {
  /** The first byte. */
  readonly start: number;
  /** The byte after the last one. */
  readonly end: number;
}

interface Reading {
  readonly send: S3Send;
  readonly key: string;
  readonly patience: S3Patience;
  /** Aborts when the stream is cancelled or the signal of the caller aborts. */
  readonly ending: Follower;
}

/** A connection that delivers the bytes of an object from some position on. */
interface Connection {
  readonly answer: S3Answer;
  readonly reader: ReadableStreamDefaultReader<Bytes>;
  readonly deadline: Deadline;
}

/** Creates a reader for the objects of one bucket. */
export function createS3Reader(
  send: S3Send,
  patience: Partial<S3Patience>,
): (
  key: string,
  options: { signal: AbortSignal; range?: S3ByteRange; patience?: Partial<S3Patience> },
) => Promise<ReadableStream<Bytes> | null> {
  return async (key, { signal, range, ...options }) => {
    using stack = new DisposableStack();
    const ending = stack.use(followSignal(signal));
    const reading = {
      send,
      key,
      ending,
      patience: { ...S3_PATIENCE, ...patience, ...options.patience },
    };
    // HTTP has no empty range. In that case, only check that the object exists.
    const isEmpty = range !== undefined && range.start === range.end;
    const first = await openConnection(reading, isEmpty ? {} : { ...range });
    if (first === null) return null;
    if (first === "past the end") return failing(pastEnd(range?.start ?? 0));
    if (isEmpty) {
      await endConnection(first);
      return ReadableStream.from([]);
    }
    const start = range?.start ?? 0;
    // The end of the stream disposes of it.
    stack.move();
    return streamOf(reading, { first, start, end: range?.end ?? start + lengthOf(first.answer) });
  };
}

/** Reads until `end`, with a new connection whenever one breaks. */
function streamOf(
  reading: Reading,
  { first, start, end }: { first: Connection; start: number; end: number },
): ReadableStream<Bytes> {
  const etag = first.answer.headers.get("etag") ?? "";
  let connection = first;
  let at = start;
  let breaks = 0;
  async function next(): Promise<Bytes | null> {
    for (;;) {
      try {
        connection.deadline.restart();
        const { done, value } = await connection.reader.read();
        connection.deadline.pause();
        if (value !== undefined) return value;
        if (done) return null;
      } catch (error) {
        await endConnection(connection);
        reading.ending.signal.throwIfAborted();
        if (++breaks >= reading.patience.tries) throw brokenOff(reading.key, error);
        const again = await openConnection(reading, { start: at, end, etag });
        if (again === null || again === "past the end") throw brokenOff(reading.key, error);
        connection = again;
      }
    }
  }
  return new ReadableStream<Bytes>({
    async pull(controller) {
      try {
        const chunk = at < end ? await next() : null;
        if (chunk !== null) {
          at += chunk.length;
          return controller.enqueue(chunk);
        }
        if (at < end) throw pastEnd(at);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      reading.ending[Symbol.dispose]();
      await endConnection(connection);
    },
    async cancel(reason) {
      reading.ending.abort(reason);
      reading.ending[Symbol.dispose]();
      await endConnection(connection);
    },
  }, { highWaterMark: 0 });
}

/** Opens a connection; null if there is no object. */
async function openConnection(
  { send, key, patience, ending }: Reading,
  { start = 0, end, etag }: { start?: number; end?: number; etag?: string },
): Promise<Connection | "past the end" | null> {
  const headers: Record<string, string> = {};
  if (start > 0 || end !== undefined) {
    headers.range = `bytes=${start}-${end === undefined ? "" : end - 1}`;
  }
  // The rest must come from the same object as the first bytes.
  if (etag) headers["if-match"] = etag;
  const deadline = startDeadline(ending.signal, patience.timeoutMs);
  deadline.pause();
  try {
    const answer = await send({
      method: "GET",
      key,
      headers,
      isStreamed: true,
      accepts: [404, 416],
      signal: deadline.signal,
      patience,
    });
    if (answer.status < 400) {
      const stream = answer.stream ?? ReadableStream.from<Bytes>([]);
      return { answer, reader: stream.getReader(), deadline };
    }
    deadline.clear();
    if (answer.status === 416) return "past the end";
    const code = xmlText(answer.text, "Code");
    if (code !== "NoSuchBucket") return null;
    throw new AppError("STORAGE_UNAVAILABLE", `S3 answered 404 ${code}`);
  } catch (error) {
    deadline.clear();
    throw error;
  }
}

async function endConnection({ reader, deadline }: Connection): Promise<void> {
  deadline.clear();
  // A broken connection cannot be cancelled, and need not be.
  await reader.cancel().catch(() => {});
}

function lengthOf({ headers }: S3Answer): number {
  return Number(headers.get("content-length") ?? Infinity);
}

function failing(error: Error): ReadableStream<Bytes> {
  return new ReadableStream({ start: (controller) => controller.error(error) });
}

function pastEnd(at: number): Error {
  return new Error(`Cannot read past the end of the file: ${at}`);
}

function brokenOff(key: string, cause: unknown): AppError {
  return new AppError("STORAGE_UNAVAILABLE", "S3 broke off in the middle of a file", {
    cause: new Error(`GET ${key}`, { cause }),
  });
}

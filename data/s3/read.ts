/**
 * Reading an object as a stream that outlives broken connections.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import { type Deadline, startDeadline } from "../files/deadline.ts";
import { S3_PATIENCE, type S3Answer, type S3Patience, type S3Send } from "./request.ts";
import { xmlText } from "./xml.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes `start` to `end`, exclusive. */
export interface S3ByteRange {
  /** The first byte. */
  readonly start: number;
  /** Behind the last one. */
  readonly end: number;
}

interface Reading {
  readonly send: S3Send;
  readonly key: string;
  readonly patience: S3Patience;
  /** Aborted when the stream is cancelled. */
  readonly left: AbortController;
  /** Aborts with it, or as the caller says. */
  readonly signal: AbortSignal;
}

/** A connection that gives an object's bytes from some place on. */
interface Source {
  readonly answer: S3Answer;
  readonly reader: ReadableStreamDefaultReader<Bytes>;
  readonly deadline: Deadline;
}

/** A reader of one bucket's objects. */
export function createS3Reader(
  send: S3Send,
  patience: Partial<S3Patience>,
): (
  key: string,
  options: { signal: AbortSignal; range?: S3ByteRange; patience?: Partial<S3Patience> },
) => Promise<ReadableStream<Bytes> | null> {
  return async (key, { signal, range, ...options }) => {
    const left = new AbortController();
    const reading = {
      send,
      key,
      left,
      signal: AbortSignal.any([signal, left.signal]),
      patience: { ...S3_PATIENCE, ...patience, ...options.patience },
    };
    // No range of HTTP is empty: then only whether the object is there is asked.
    const isEmpty = range !== undefined && range.start === range.end;
    const first = await openSource(reading, isEmpty ? {} : { ...range });
    if (first === null) return null;
    if (first === "past the end") return failing(pastEnd(range?.start ?? 0));
    if (isEmpty) {
      await endSource(first);
      return ReadableStream.from([]);
    }
    const start = range?.start ?? 0;
    return streamOf(reading, { first, start, end: range?.end ?? start + lengthOf(first.answer) });
  };
}

/** Reads on from source to source until `end`. */
function streamOf(
  reading: Reading,
  { first, start, end }: { first: Source; start: number; end: number },
): ReadableStream<Bytes> {
  const etag = first.answer.headers.get("etag") ?? "";
  let source = first;
  let at = start;
  let breaks = 0;
  async function next(): Promise<Bytes | null> {
    for (;;) {
      try {
        source.deadline.restart();
        const { done, value } = await source.reader.read();
        source.deadline.pause();
        if (value !== undefined) return value;
        if (done) return null;
      } catch (error) {
        await endSource(source);
        reading.signal.throwIfAborted();
        if (++breaks >= reading.patience.tries) throw brokenOff(reading.key, error);
        const again = await openSource(reading, { start: at, end, etag });
        if (again === null || again === "past the end") throw brokenOff(reading.key, error);
        source = again;
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
      await endSource(source);
    },
    async cancel(reason) {
      reading.left.abort(reason);
      await endSource(source);
    },
  }, { highWaterMark: 0 });
}

/** Opens a connection; null where there is no object. */
async function openSource(
  { send, key, patience, signal }: Reading,
  { start = 0, end, etag }: { start?: number; end?: number; etag?: string },
): Promise<Source | "past the end" | null> {
  const headers: Record<string, string> = {};
  if (start > 0 || end !== undefined) {
    headers.range = `bytes=${start}-${end === undefined ? "" : end - 1}`;
  }
  // What follows must be of the object that the first bytes were of.
  if (etag) headers["if-match"] = etag;
  const deadline = startDeadline(signal, patience.timeoutMs);
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

async function endSource({ reader, deadline }: Source): Promise<void> {
  deadline.clear();
  // One that broke off cannot be cancelled any more, nor need it be.
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
  return new AppError("STORAGE_UNAVAILABLE", "S3 broke off in the midst of a file", {
    cause: new Error(`GET ${key}`, { cause }),
  });
}

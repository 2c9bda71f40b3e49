/**
 * The bodies of requests, bounded: how long they are, how long their client may pause, what the
 * runtime keeps of them in memory, and what happens to the rest of one that is not read.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import { objectNote } from "../../data/object_note.ts";
import { uploadTooLarge } from "../../data/unpack/upload_too_large.ts";
import { type BodySource, createPlainSource } from "./body_source.ts";
import { IDLE_MS, withoutPause } from "./body_pause.ts";
import { checkCaller, type CheckedRequest } from "./caller_check.ts";
import { createChunkedSource } from "./chunked_source.ts";
import { createReadAhead } from "./read_ahead.ts";
import {
  createUploadPace,
  SLOW_BYTES_PER_MINUTE,
  SLOW_MS,
  type UploadPace,
} from "./upload_pace.ts";
import { createUploadPlaces, type UploadPlace } from "./upload_places.ts";

/** What bodies in chunks may have in memory, bytes. */
const READ_AHEAD = { keptBytes: 4_194_304, heldBytes: 16_777_216, totalBytes: 67_108_864 };
/**
 * How long the rest of a body is read after its answer, milliseconds, and how much of it. Many clients
 * read the answer only when they have sent everything; a connection that is closed before that may
 * lose it.
 */
const LINGER_MS = 2_000;
const LINGER_BYTES = 16_777_216;
/**
 * How long after the answer a body is given up at the earliest, milliseconds. Before, the connection
 * still belongs to the answer; then Deno would read the rest of the body, however long it is.
 */
const HAND_OVER_MS = 100;

/** The bounds. */
export interface BodyBounds {
  /** The longest body, bytes as they are sent, and decompressed. */
  readonly maxUploadBytes: number;
  /** How many uploads may run at once in this process. */
  readonly maxUploads: number;
  /** How many bytes the running uploads of a caller may have together. */
  readonly uploadBytesAtOnce: number;
}

/** Who sends an upload. */
export interface Uploader {
  /** A name that no other caller has. */
  readonly who: string;
  /** The caller's own limit of the bytes of its running uploads; null if it has none. */
  readonly bytesAtOnce: number | null;
}

/** What the bounds need. */
export interface BodyBoundDeps {
  /** Who sends a request. */
  uploaderOf(c: Context): Uploader;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** What is known of a request with a body. */
interface Opened {
  /** Whether the app gives up the rest of the body after the answer. */
  readonly isBounded: boolean;
  readonly maxBytes: number;
  open(body: ReadableStream<Uint8Array>): BodySource;
  enter(totalBytes: number | null): UploadPlace;
  /** Checks the caller again if it is time. */
  checkCaller(): Promise<void> | null;
  now(): number;
  readonly pace: UploadPace;
  source: BodySource | null;
  /** The read that runs: only one may. */
  reading: Promise<Uint8Array | null> | null;
  isEnded: boolean;
  receivedBytes: number;
  place: UploadPlace | null;
}

/** A request whose body is bounded. */
interface Bounded extends CheckedRequest {
  /** What is known of its body; null if nobody has asked for it as a stream. */
  opened: Opened | null;
  /** Whether it has no length. */
  readonly isChunked: boolean;
  /** The bounds. */
  readonly bounds: OpenBounds;
}

/** Bounds that hold for many requests. */
interface OpenBounds {
  /** Begins to know the body of a request. */
  open(bounded: Bounded): Opened;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The requests whose bodies are bounded. */
const all = objectNote<Request, Bounded>("body");
/** Requests whose bodies are not. */
const free = objectNote<Request, Opened>("free body");

/** A body without bounds, for code that runs without the app. */
function unbounded(): Opened {
  return {
    isBounded: false,
    maxBytes: Infinity,
    open: createPlainSource,
    enter: () => ({ received: () => {}, isScarce: () => false, [Symbol.dispose]: () => {} }),
    checkCaller: () => null,
    now: () => 0,
    pace: createUploadPace(),
    source: null,
    reading: null,
    isEnded: false,
    receivedBytes: 0,
    place: null,
  };
}

/** Bounds the bodies of requests. */
export interface BodyBounder {
  /** Bounds the body of a request. */
  bound(c: Context): void;
  /** Leaves the rest of it, after the answer. `env` is what the server knows of the connection. */
  leave(request: Request, env: unknown): void;
}

/**
 * Bounds the bodies of requests. After the answer, the rest of a body is read for a short time, then
 * the connection is closed. Short bodies of known length are left to the runtime.
 */
export function boundBodies(
  { maxUploadBytes, maxUploads, uploadBytesAtOnce: bytesAtOnce }: BodyBounds,
  { uploaderOf, now }: BodyBoundDeps,
): BodyBounder {
  const ahead = createReadAhead(READ_AHEAD);
  const places = createUploadPlaces({ maxUploads, bytesAtOnce });
  const bounds: OpenBounds = {
    // Most requests have a short body, which needs nothing of this.
    open: (bounded) => ({
      ...unbounded(),
      isBounded: true,
      maxBytes: maxUploadBytes,
      open: (body) =>
        bounded.isChunked ? createChunkedSource(body, ahead) : createPlainSource(body),
      enter: (totalBytes) => places.enter({ ...uploaderOf(bounded.c), totalBytes }),
      checkCaller: () => checkCaller(bounded, now()),
      now,
    }),
    now,
  };
  return {
    bound(c) {
      const { raw } = c.req;
      if (raw.method === "GET" || raw.method === "HEAD") return;
      const isChunked = raw.headers.has("transfer-encoding");
      all.set(raw, { c, checkedMs: now(), opened: null, isChunked, bounds });
    },
    leave(request, env) {
      const bounded = all.get(request);
      if (bounded === undefined) return;
      const { opened, isChunked } = bounded;
      // The runtime reads the rest of a short body that nobody has begun to read, and ends the stream of
      // a request over HTTP/2.
      const isLeft = isChunked || !isShort(contentLength(request.headers) ?? 0);
      if (opened === null ? !isLeft : opened.isEnded || (opened.source === null && !isLeft)) return;
      const { completed }: Partial<Deno.ServeHandlerInfo> = env ?? {};
      leaveRest(request, openedOf(request), completed ?? null);
    },
  };
}

/**
 * The whole body of a request, for one that is short.
 *
 * @throws {AppError} UNAUTHENTICATED or FORBIDDEN if the caller lost the right to send it meanwhile;
 * MALFORMED_BODY if the client breaks off.
 */
export function wholeBody(request: Request): Promise<Uint8Array> {
  // Not an async function: each of its promises would cost every message a little.
  return request.bytes().then((bytes) => {
    const bounded = all.get(request);
    const check = bounded === undefined ? null : checkCaller(bounded, bounded.bounds.now());
    return check === null ? bytes : check.then(() => bytes);
  }, (cause) => {
    throw new AppError("MALFORMED_BODY", "The upload broke off", {
      details: "Nothing of it was stored",
      cause,
    });
  });
}

/**
 * Whether a body may be longer than a JSON body, also decompressed: then it counts as an upload. A body
 * over HTTP/2 may have neither a length nor a transfer coding.
 */
export function isLongBody(request: Request): boolean {
  const { headers } = request;
  const length = contentLength(headers);
  // To ask for the stream of a short body would cost much of what a message takes.
  if (length === null) return request.body !== null;
  const coding = (headers.get("content-encoding") ?? "").trim().toLowerCase();
  return !isShort(length) || (coding !== "" && coding !== "identity");
}

/**
 * Takes a place for an upload. Its disposal leaves the place.
 *
 * @throws {AppError} TOO_MANY_UPLOADS, BODY_TOO_LARGE.
 */
export function enterUpload(request: Request): Disposable {
  const opened = openedOf(request);
  const totalBytes = contentLength(request.headers);
  requireLength(totalBytes ?? 0, opened);
  return opened.place = opened.enter(totalBytes);
}

/** The most bytes of an upload, also decompressed. */
export function maxUploadBytes(request: Request): number {
  return openedOf(request).maxBytes;
}

/**
 * The bytes of the body of a request. A chunk is valid until the next one is read. Leaving the loop
 * leaves the rest unread.
 *
 * @throws {AppError} BODY_TOO_LARGE, LENGTH_REQUIRED or REQUEST_TIMEOUT; UNAUTHENTICATED or FORBIDDEN
 * if the caller lost the right to send it meanwhile.
 * @throws {Error} if the client breaks off.
 */
export async function* bodyChunks(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const opened = openedOf(request);
  requireLength(contentLength(request.headers) ?? 0, opened);
  const source = opened.source ??= opened.open(request.body);
  try {
    for (;;) {
      const askedMs = opened.now();
      const chunk = await withoutPause(read(opened, source));
      const check = opened.checkCaller();
      if (check !== null) await check;
      if (chunk === null) break;
      requirePace(opened, chunk.length, opened.now() - askedMs);
      opened.receivedBytes += chunk.length;
      requireLength(opened.receivedBytes, opened);
      opened.place?.received(opened.receivedBytes);
      yield chunk;
    }
    opened.isEnded = true;
  } catch (error) {
    // After an error of the stream there is no rest.
    if (!(error instanceof AppError)) opened.isEnded = true;
    throw error;
  } finally {
    if (!opened.isEnded && !opened.isBounded) await source.cancel();
  }
}

function openedOf(request: Request): Opened {
  const bounded = all.get(request);
  if (bounded !== undefined) return bounded.opened ??= bounded.bounds.open(bounded);
  const opened = free.get(request) ?? unbounded();
  free.set(request, opened);
  return opened;
}

function requireLength(bytes: number, { maxBytes }: Opened): void {
  if (bytes > maxBytes) throw uploadTooLarge(maxBytes);
}

/** Ends a slow upload, but only while places are scarce. */
function requirePace({ pace, place }: Opened, bytes: number, waitedMs: number): void {
  // A longer wait would have ended, so the clock was set.
  const isSlow = pace.isSlow(bytes, Math.min(Math.max(0, waitedMs), IDLE_MS));
  if (!isSlow || place === null || !place.isScarce()) return;
  const message = `For ${SLOW_MS / 60_000} minutes, less than ${SLOW_BYTES_PER_MINUTE} bytes a ` +
    "minute arrived, and other uploads need the place";
  throw new AppError("REQUEST_TIMEOUT", message, { details: "Send the upload again" });
}

function contentLength(headers: Headers): number | null {
  const text = headers.get("content-length");
  return text === null ? null : Number(text);
}

function isShort(length: number): boolean {
  return length <= JSON_BODY_MAX_BYTES;
}

/** The next bytes; those of the read that runs, if one does. */
function read(opened: Opened, source: BodySource): Promise<Uint8Array | null> {
  return opened.reading ??= source.next().finally(() => opened.reading = null);
}

/** Reads the rest of a body for a short time after the answer, then gives it up. */
async function leaveRest(
  { body, bodyUsed }: Request,
  opened: Opened,
  completed: Promise<void> | null,
): Promise<void> {
  if (body === null || (opened.source === null && bodyUsed)) return;
  const source = opened.source ??= opened.open(body);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const after = (ms: number) =>
    new Promise<"over">((resolve) => {
      timer = setTimeout(resolve, ms, "over");
    });
  try {
    if (completed === null) return;
    await completed;
    const over = after(LINGER_MS);
    for (let bytes = 0; bytes < LINGER_BYTES;) {
      const chunk = await Promise.race([read(opened, source), over]);
      // At the end, nothing is left that Deno could read.
      if (chunk === null) return;
      if (chunk === "over") break;
      bytes += chunk.length;
    }
    clearTimeout(timer);
    await after(HAND_OVER_MS);
  } catch (error) {
    clearTimeout(timer);
    // A client that is gone needs no time; one that sends too fast does.
    if (error instanceof AppError) await after(HAND_OVER_MS);
  } finally {
    clearTimeout(timer);
    // Ends the read that runs, whose error nobody needs.
    opened.reading?.catch(() => {});
    await source.cancel().catch(() => {});
  }
}

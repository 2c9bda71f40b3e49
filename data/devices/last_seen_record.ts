/**
 * The bytes that say when something was last received from a device, and how many requests it sent
 * lately.
 *
 * | bytes | content |
 * |---|---|
 * | 0 | format: 2, or 1 where numbers are no whole milliseconds, or it was written up to 0.12 |
 * | 1–8 | when something was last received, epoch milliseconds, f64, little-endian |
 * | 9– | the requests |
 *
 * In format 2, the requests are two varints (LEB128) for each sub-window of the rate window, the latest
 * first: by how many milliseconds it is earlier than the one before, the first one than the last receipt;
 * and its count. In format 1, they are as `rate_window.ts` writes them.
 *
 * @module
 */

import type { Receipt } from "../readings/group_format.ts";
import {
  countRequest,
  createRateWindow,
  decodeRateWindow,
  dropOldRequests,
  encodeRateWindow,
  type RateWindow,
  rateWindowBytes,
} from "./rate_window.ts";

const WIDE_FORMAT = 1, FORMAT = 2;
const HEADER_BYTES = 9;

/** As whom a process writes that has its database alone. */
export const LONE_WRITER = "";

/** What one writer knows of a device. */
export interface LastSeen {
  /** When something was last received, epoch milliseconds. */
  readonly lastReceivedMs: number;
  /** The requests that were accepted lately. */
  readonly window: RateWindow;
}

/** The bytes of a record. */
export function encodeLastSeen(record: LastSeen): Uint8Array<ArrayBuffer> {
  const { lastReceivedMs, window } = record;
  const { timesMs, counts } = window;
  const short = shortBytes(record);
  const bytes = new Uint8Array(HEADER_BYTES + (short ?? rateWindowBytes(window)));
  const view = new DataView(bytes.buffer);
  view.setFloat64(1, lastReceivedMs, true);
  if (short === null) {
    bytes[0] = WIDE_FORMAT;
    encodeRateWindow(window, view, HEADER_BYTES);
    return bytes;
  }
  bytes[0] = FORMAT;
  let at = HEADER_BYTES, laterMs = lastReceivedMs;
  for (let index = timesMs.length - 1; index >= 0; index--) {
    at = setVarint(bytes, at, laterMs - timesMs[index]);
    at = setVarint(bytes, at, counts[index]);
    laterMs = timesMs[index];
  }
  return bytes;
}

/** How many bytes the requests of a record take as varints; null if they cannot be varints. */
function shortBytes({ lastReceivedMs, window: { timesMs, counts } }: LastSeen): number | null {
  if (!Number.isSafeInteger(lastReceivedMs)) return null;
  let laterMs = lastReceivedMs, size = 0;
  for (let index = timesMs.length - 1; index >= 0; index--) {
    const earlierMs = laterMs - timesMs[index];
    if (!Number.isSafeInteger(earlierMs) || earlierMs < 0) return null;
    if (!Number.isSafeInteger(counts[index]) || counts[index] < 0) return null;
    size += varintBytes(earlierMs) + varintBytes(counts[index]);
    laterMs = timesMs[index];
  }
  return size;
}

function varintBytes(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes a whole number. Returns where it ends. */
function setVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = rest % 128 | 128;
  bytes[at] = rest;
  return at + 1;
}

/**
 * Reads a record.
 *
 * @throws {SyntaxError} when the bytes are of another format or cut short.
 */
export function decodeLastSeen(bytes: Uint8Array): LastSeen {
  requireWhole(bytes);
  const lastReceivedMs = decodeLastReceivedMs(bytes);
  if (bytes[0] === WIDE_FORMAT) {
    return { lastReceivedMs, window: decodeRateWindow(bytes.subarray(HEADER_BYTES)) };
  }
  const window = createRateWindow();
  let laterMs = lastReceivedMs, value = 0, factor = 1, isCount = false;
  for (let at = HEADER_BYTES; at < bytes.length; at++) {
    value += bytes[at] % 128 * factor;
    factor *= 128;
    if (bytes[at] >= 128) continue;
    if (isCount) window.counts.push(value);
    else window.timesMs.push(laterMs -= value);
    isCount = !isCount;
    value = 0;
    factor = 1;
  }
  window.timesMs.reverse();
  window.counts.reverse();
  return { lastReceivedMs, window };
}

/**
 * Makes sure that bytes are a record.
 *
 * @throws {SyntaxError} when they are of another format or cut short.
 */
export function requireWhole(bytes: Uint8Array): void {
  let ends = 0;
  for (let at = HEADER_BYTES; at < bytes.length; at++) if (bytes[at] < 128) ends++;
  const isWhole = bytes.length >= HEADER_BYTES && (bytes[0] === WIDE_FORMAT ||
    bytes[0] === FORMAT && ends % 2 === 0 &&
      (bytes.length === HEADER_BYTES || bytes[bytes.length - 1] < 128));
  if (isWhole) return;
  const fact = "it is of another format or cut short";
  throw new SyntaxError(`Cannot decode last-seen record as ${fact}: ${bytes.length} bytes`);
}

/** When something was last received, by a record, epoch milliseconds. */
export function decodeLastReceivedMs(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(1, true);
}

/**
 * The record after receipts, in their order. `before` is undefined if there was none. Requests that have
 * left the window are left out.
 */
export function addReceipts(
  before: Uint8Array | undefined,
  receipts: readonly Receipt[],
  windowMs: number,
): Uint8Array<ArrayBuffer> {
  const { lastReceivedMs: beforeMs, window } = before === undefined
    ? { lastReceivedMs: 0, window: createRateWindow() }
    : decodeLastSeen(before);
  const limit = { requests: Infinity, windowMs };
  let lastReceivedMs = beforeMs;
  for (const { receivedMs, requests } of receipts) {
    lastReceivedMs = Math.max(lastReceivedMs, receivedMs);
    if (requests === 0) continue;
    dropOldRequests(window, limit, receivedMs);
    for (let count = 0; count < requests; count++) countRequest(window, limit, receivedMs);
  }
  return encodeLastSeen({ lastReceivedMs, window });
}

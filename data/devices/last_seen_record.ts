/**
 * The bytes that say when something was last received from a device, and how many requests it sent
 * lately: 1 byte format, 8 bytes last received (f64, epoch milliseconds, little-endian), then a rate
 * window (`rate_window.ts`).
 *
 * @module
 */

import type { Receipt } from "../readings/group_format.ts";
import {
  countRequest,
  createRateWindow,
  decodeRateWindow,
  encodeRateWindow,
  type RateWindow,
  rateWindowBytes,
  usedRequests,
} from "./rate_window.ts";

const FORMAT = 1;
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
export function encodeLastSeen({ lastReceivedMs, window }: LastSeen): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + rateWindowBytes(window));
  const view = new DataView(bytes.buffer);
  bytes[0] = FORMAT;
  view.setFloat64(1, lastReceivedMs, true);
  encodeRateWindow(window, view, HEADER_BYTES);
  return bytes;
}

/** Reads a record. */
export function decodeLastSeen(bytes: Uint8Array): LastSeen {
  return {
    lastReceivedMs: decodeLastReceivedMs(bytes),
    window: decodeRateWindow(bytes.subarray(HEADER_BYTES)),
  };
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
    usedRequests(window, limit, receivedMs);
    for (let count = 0; count < requests; count++) countRequest(window, limit, receivedMs);
  }
  return encodeLastSeen({ lastReceivedMs, window });
}

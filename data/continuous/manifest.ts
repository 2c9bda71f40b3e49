/**
 * What was written of the windows of a stretch of time, packed: a byte of format, then 24 bytes a
 * window that has an object, ascending.
 *
 * | bytes | what |
 * |---|---|
 * | 8 | where the window begins, epoch milliseconds (f64) |
 * | 4 | readings (u32) |
 * | 4 + 4 | fingerprint of the readings (`data/continuous/fingerprint.ts`) |
 * | 4 | how often the object was written with other readings than before, from 1 (u32) |
 *
 * @module
 */

import type { WindowFingerprint } from "./fingerprint.ts";
import { windowAt, type WindowPlan } from "./window.ts";
import { DAY_MS, dayStartMs } from "../limits.ts";
import type { Span } from "../readings/page.ts";

/** What was written of a window. */
export interface WrittenWindow {
  /** Where the window begins, epoch milliseconds. */
  readonly fromMs: number;
  /** How many readings the object has. */
  readonly rows: number;
  /** Their fingerprint. */
  readonly digest: WindowFingerprint;
  /** How often the object was written with other readings than before, from 1. */
  readonly revision: number;
}

const FORMAT = 1;
const ENTRY_BYTES = 24;
/**
 * Windows of a stretch: what changes with every window of a minute is 2.9 KB on average then. A
 * whole stretch is 5.8 KB, far from the 65,536 bytes of a value.
 */
const STRETCH_WINDOWS = 240;

/** The stretch whose manifest a time is in: up to 240 windows of one UTC day. */
export function stretchAt(plan: WindowPlan, timeMs: number): Span {
  const window = windowAt(plan, timeMs);
  const lengthMs = (window.toMs - window.fromMs) * STRETCH_WINDOWS;
  const dayMs = dayStartMs(timeMs);
  const fromMs = dayMs + Math.floor((timeMs - dayMs) / lengthMs) * lengthMs;
  return { fromMs, toMs: Math.min(fromMs + lengthMs, dayMs + DAY_MS) };
}

/** Packs windows, which are ascending. */
export function encodeManifest(windows: readonly WrittenWindow[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + windows.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = FORMAT;
  windows.forEach(({ fromMs, rows, digest, revision }, index) => {
    const at = 1 + index * ENTRY_BYTES;
    view.setFloat64(at, fromMs, true);
    view.setUint32(at + 8, rows, true);
    view.setUint32(at + 12, digest[0], true);
    view.setUint32(at + 16, digest[1], true);
    view.setUint32(at + 20, revision, true);
  });
  return bytes;
}

/** Unpacks what {@link encodeManifest} packed.
 *
 * @throws {RangeError} for bytes of another format or length.
 */
export function decodeManifest(bytes: Uint8Array): WrittenWindow[] {
  if (bytes[0] !== FORMAT || (bytes.length - 1) % ENTRY_BYTES !== 0) {
    throw new RangeError(
      `Cannot read a manifest as it must be of format ${FORMAT} and whole: ${bytes.length} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: (bytes.length - 1) / ENTRY_BYTES }, (_, index) => {
    const at = 1 + index * ENTRY_BYTES;
    return {
      fromMs: view.getFloat64(at, true),
      rows: view.getUint32(at + 8, true),
      digest: [view.getUint32(at + 12, true), view.getUint32(at + 16, true)] as const,
      revision: view.getUint32(at + 20, true),
    };
  });
}

/**
 * Manifests: what was written for each window of a span of time, packed. A manifest is one byte for
 * the format, then 24 bytes for each window that has an object, ascending.
 *
 * | bytes | content |
 * |---|---|
 * | 8 | start of the window, epoch milliseconds (f64) |
 * | 4 | number of readings (u32) |
 * | 4 + 4 | fingerprint of the readings (`data/continuous/fingerprint.ts`) |
 * | 4 | revision: 1, plus 1 for each time the object was written with different readings (u32) |
 *
 * @module
 */

import type { WindowFingerprint } from "./fingerprint.ts";
import { windowAt, type WindowPlan } from "./window.ts";
import { DAY_MS, dayStartMs } from "../limits.ts";
import type { Span } from "../readings/page.ts";

/** What was written for a window. */
export interface WrittenWindow {
  /** Start of the window, epoch milliseconds. */
  readonly fromMs: number;
  /** Number of readings in the object. */
  readonly rows: number;
  /** The fingerprint of the readings. */
  readonly fingerprint: WindowFingerprint;
  /** 1, plus 1 for each time the object was written with different readings. */
  readonly revision: number;
}

const FORMAT = 1;
const ENTRY_BYTES = 24;
/**
 * Windows of a manifest. Every new window of a minute then rewrites 2.9 KB on average. A full
 * manifest has 5.8 KB, far below the 65,536 bytes of a KV value.
 */
const MANIFEST_WINDOWS = 240;

/** The span of the manifest that covers a time: up to 240 windows of one UTC day. */
export function manifestSpanAt(plan: WindowPlan, timeMs: number): Span {
  const window = windowAt(plan, timeMs);
  const lengthMs = (window.toMs - window.fromMs) * MANIFEST_WINDOWS;
  const dayMs = dayStartMs(timeMs);
  const fromMs = dayMs + Math.floor((timeMs - dayMs) / lengthMs) * lengthMs;
  return { fromMs, toMs: Math.min(fromMs + lengthMs, dayMs + DAY_MS) };
}

/** Packs windows, which must be ascending. */
export function encodeManifest(windows: readonly WrittenWindow[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + windows.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = FORMAT;
  windows.forEach(({ fromMs, rows, fingerprint, revision }, index) => {
    const at = 1 + index * ENTRY_BYTES;
    view.setFloat64(at, fromMs, true);
    view.setUint32(at + 8, rows, true);
    view.setUint32(at + 12, fingerprint[0], true);
    view.setUint32(at + 16, fingerprint[1], true);
    view.setUint32(at + 20, revision, true);
  });
  return bytes;
}

/**
 * Unpacks what {@link encodeManifest} packed.
 *
 * @throws {RangeError} for bytes of another format or length.
 */
export function decodeManifest(bytes: Uint8Array): WrittenWindow[] {
  if (bytes[0] !== FORMAT || (bytes.length - 1) % ENTRY_BYTES !== 0) {
    throw new RangeError(
      `Cannot read a manifest as it must have format ${FORMAT} and be complete: ${bytes.length} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: (bytes.length - 1) / ENTRY_BYTES }, (_, index) => {
    const at = 1 + index * ENTRY_BYTES;
    return {
      fromMs: view.getFloat64(at, true),
      rows: view.getUint32(at + 8, true),
      fingerprint: [view.getUint32(at + 12, true), view.getUint32(at + 16, true)] as const,
      revision: view.getUint32(at + 20, true),
    };
  });
}

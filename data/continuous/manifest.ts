/**
 * Manifests: what was written for each window of a span of time, packed.
 *
 * | bytes | content |
 * |---|---|
 * | 1 | format of the manifest: 2 |
 * | 1 | number of forms |
 * | 1 + n, per form | length n, then `LAYOUT/FORMAT/PROFILE` in ASCII, such as `plain/parquet/battery`; with `/shared` at its end if the readings are in the object that all devices of the profile share for the day |
 * | 25, per window that has an object, ascending | see below |
 *
 * | bytes of a window | content |
 * |---|---|
 * | 8 | start of the window, epoch milliseconds (f64) |
 * | 4 | number of readings (u32) |
 * | 4 + 4 | fingerprint of the readings (`data/continuous/fingerprint.ts`) |
 * | 4 | revision: 1, plus 1 for each time the object was written with different readings (u32) |
 * | 1 | which of the forms the object has; 255 if unknown |
 *
 * Format 1, of version 0.5, has the byte 1 and then windows of 24 bytes, without their forms.
 *
 * @module
 */

import type { WindowFingerprint } from "./fingerprint.ts";
import { EXPORT_FORMATS, KEY_LAYOUTS, type ObjectForm } from "./object_key.ts";
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
  /** How the object was written; null if version 0.5 wrote it, which did not record it. */
  readonly object: ObjectForm | null;
}

const FORMAT = 2, FORMAT_0_5 = 1;
const WINDOW_BYTES = 25, WINDOW_BYTES_0_5 = 24;
const UNKNOWN_FORM = 255;
/**
 * Windows of a manifest. Every new window of a minute then rewrites 3 KB on average. A full manifest
 * has 6 KB, far below the 65,536 bytes of a KV value.
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
  const forms = [
    ...new Set(windows.flatMap(({ object }) => object === null ? [] : textOf(object))),
  ];
  const head = [FORMAT, forms.length];
  for (const form of forms) head.push(form.length, ...new TextEncoder().encode(form));
  const bytes = new Uint8Array(head.length + windows.length * WINDOW_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(head);
  windows.forEach(({ fromMs, rows, fingerprint, revision, object }, index) => {
    const at = head.length + index * WINDOW_BYTES;
    view.setFloat64(at, fromMs, true);
    view.setUint32(at + 8, rows, true);
    view.setUint32(at + 12, fingerprint[0], true);
    view.setUint32(at + 16, fingerprint[1], true);
    view.setUint32(at + 20, revision, true);
    bytes[at + 24] = object === null ? UNKNOWN_FORM : forms.indexOf(textOf(object));
  });
  return bytes;
}

/**
 * Unpacks what {@link encodeManifest} packed, in this version or in 0.5.
 *
 * @throws {RangeError} for bytes of another format or length.
 */
export function decodeManifest(bytes: Uint8Array): WrittenWindow[] {
  const { forms, headBytes, windowBytes } = readHead(bytes);
  if ((bytes.length - headBytes) % windowBytes !== 0) throw unreadable(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: (bytes.length - headBytes) / windowBytes }, (_, index) => {
    const at = headBytes + index * windowBytes;
    return {
      fromMs: view.getFloat64(at, true),
      rows: view.getUint32(at + 8, true),
      fingerprint: [view.getUint32(at + 12, true), view.getUint32(at + 16, true)] as const,
      revision: view.getUint32(at + 20, true),
      object: windowBytes === WINDOW_BYTES ? forms[bytes[at + 24]] ?? null : null,
    };
  });
}

function readHead(bytes: Uint8Array): {
  forms: ObjectForm[];
  headBytes: number;
  windowBytes: number;
} {
  if (bytes[0] === FORMAT_0_5) {
    return { forms: [], headBytes: 1, windowBytes: WINDOW_BYTES_0_5 };
  }
  if (bytes[0] !== FORMAT) throw unreadable(bytes);
  const forms: ObjectForm[] = [];
  let at = 2;
  for (let form = 0; form < bytes[1]; form++) {
    const end = at + 1 + bytes[at];
    if (!(end <= bytes.length)) throw unreadable(bytes);
    forms.push(formOf(new TextDecoder().decode(bytes.subarray(at + 1, end)), bytes));
    at = end;
  }
  return { forms, headBytes: at, windowBytes: WINDOW_BYTES };
}

function textOf({ layout, format, profile, isShared }: ObjectForm): string {
  return `${layout}/${format}/${profile}${isShared ? "/shared" : ""}`;
}

function formOf(text: string, bytes: Uint8Array): ObjectForm {
  const [layoutName, formatName, profile, sharing] = text.split("/");
  const layout = KEY_LAYOUTS.find((name) => name === layoutName);
  const format = EXPORT_FORMATS.find((name) => name === formatName);
  if (layout === undefined || format === undefined || profile === undefined) {
    throw unreadable(bytes);
  }
  return { layout, format, profile, ...(sharing === "shared" ? { isShared: true } : {}) };
}

function unreadable({ length }: Uint8Array): RangeError {
  return new RangeError(
    `Cannot read a manifest as it must have format 1 or 2 and be complete: ${length} bytes`,
  );
}

/**
 * Reading a group (the form is in `group_format.ts`). Nothing but the header of each section is decoded
 * at once: an item is read where it lies when somebody asks for it.
 *
 * @module
 */

import { MAX_SCALE } from "./decimal.ts";
import {
  GROUP_FORMAT,
  GROUP_HEADER_BYTES,
  type GroupHead,
  NO_RECEIPT,
  type Receipt,
  RECEIPTS_NONE,
  RECEIPTS_SAME,
  SECTION_HEADER_BYTES,
} from "./group_format.ts";
import { decodePage } from "./page_decoder.ts";
import {
  COLUMN_BYTES,
  FLOAT_SCALE_BYTE,
  HEADER_BYTES,
  NULLS_BITMAP,
  numberAt,
  paddedSize,
  readingsIn,
} from "./page_format.ts";

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The items of one profile, as they lie in the bytes of a group. */
export interface GroupSection {
  /** The profile. */
  readonly profile: string;
  /** Number of its first item within the group, from 0. */
  readonly firstIndex: number;
  /** How many items it has. */
  readonly count: number;
  /** The group. */
  readonly view: DataView<ArrayBuffer>;
  /** Where the page begins in the group. */
  readonly pageAt: number;
  /** How many bytes the page has. */
  readonly pageBytes: number;
  /** Bytes per number of readings; 0 if each item has one. */
  readonly readingWidth: number;
  /** How the times of receipt are written. */
  readonly receipts: number;
  /** Earliest receipt, epoch milliseconds. */
  readonly firstMs: number;
  /** Bytes per number of requests; 0 if each item counts as one. */
  readonly requestWidth: number;
  /** Bytes per length of an id. */
  readonly lengthWidth: number;
  /** Bytes per length of a state; 0 if no item has one. */
  readonly stateWidth: number;
  /** How many bytes the states have. */
  readonly stateBytes: number;
  /** Where the text of the names begins. */
  readonly namesAt: number;
  /** Where it ends. */
  readonly namesEnd: number;
}

/** A group of which only the headers are decoded. It shares the memory of the bytes. */
export interface DecodedGroup extends GroupHead {
  /** Its sections. */
  readonly sections: readonly GroupSection[];
  /** How many items it has. */
  readonly count: number;
}

/** Whether bytes are a group. */
export function isGroup(bytes: Uint8Array): boolean {
  return bytes[0] === GROUP_FORMAT;
}

/**
 * Decodes the headers of a group.
 *
 * @throws {SyntaxError} when the bytes are of another format or cut short.
 */
export function decodeGroup(stored: Uint8Array): DecodedGroup {
  const bytes = aligned(stored);
  requireBytes(bytes, GROUP_HEADER_BYTES);
  if (bytes[0] !== GROUP_FORMAT) {
    throw new SyntaxError(`Cannot decode group as its format is not ${GROUP_FORMAT}: ${bytes[0]}`);
  }
  const view = new DataView(bytes.buffer, 0, bytes.length);
  const writerBytes = view.getUint32(4, true);
  let at = GROUP_HEADER_BYTES + paddedSize(writerBytes);
  requireBytes(bytes, at);
  const writer = textOf(bytes.subarray(GROUP_HEADER_BYTES, GROUP_HEADER_BYTES + writerBytes));
  const sections: GroupSection[] = [];
  let count = 0;
  while (at < bytes.length) {
    requireBytes(bytes, at + SECTION_HEADER_BYTES);
    const section = sectionAt(view, at, count);
    requireBytes(bytes, section.namesEnd);
    requirePage(bytes, section);
    // Its name needs the bytes, whose number is known to be right only now.
    const length = view.getUint16(at + 12, true);
    const profile = textOf(bytes.subarray(section.namesAt, section.namesEnd)).slice(0, length);
    sections.push({ ...section, profile });
    count += section.count;
    at = paddedSize(section.namesEnd);
  }
  const firstNumber = view.getFloat64(8, true), windowMs = view.getFloat64(16, true);
  return { writer, firstNumber, windowMs, sections, count };
}

/** The ids of the items of a section, in their order. */
export function idsOf(section: GroupSection): string[] {
  const { view, count, profile, lengthWidth, namesAt, namesEnd } = section;
  const names = textOf(new Uint8Array(view.buffer, namesAt, namesEnd - namesAt));
  const lengthsAt = lengthsStart(section);
  const ids: string[] = [];
  for (let index = 0, at = profile.length; index < count; index++) {
    const length = lengthWidth === 1
      ? view.getUint8(lengthsAt + index)
      : view.getUint16(lengthsAt + 2 * index, true);
    ids.push(names.slice(at, at += length));
  }
  return ids;
}

/** The receipts of the items of a section, by their index in it. */
export function receiptsOf(section: GroupSection): (index: number) => Receipt | null {
  const { view, receipts, firstMs, requestWidth } = section;
  const requestsAt = requestsStart(section), timesAt = receiptsStart(section);
  // Those of a batch are all the same.
  const same = receipts === RECEIPTS_SAME && requestWidth === 0
    ? { receivedMs: firstMs, requests: 1 }
    : null;
  return (index) => {
    if (receipts === RECEIPTS_NONE || same !== null) return same;
    const requests = requestWidth === 0 ? 1 : view.getUint8(requestsAt + index);
    if (requests === NO_RECEIPT) return null;
    if (receipts === RECEIPTS_SAME) return { receivedMs: firstMs, requests };
    const offset = numberAt(view, timesAt, { width: receipts, index });
    return { receivedMs: firstMs + offset, requests };
  };
}

/** The states of the items of a section, in their order. They share the memory of the group. */
export function statesOf(section: GroupSection): (Uint8Array | null)[] {
  const { view, count, stateWidth } = section;
  const lengthsAt = stateLengthsStart(section);
  let at = lengthsAt + paddedSize(stateWidth * count);
  const states: (Uint8Array | null)[] = [];
  for (let index = 0; index < count; index++) {
    const length = stateWidth === 0 ? 0 : view.getUint16(lengthsAt + 2 * index, true);
    states.push(length === 0 ? null : new Uint8Array(view.buffer, at, length));
    at += length;
  }
  return states;
}

/** Where the rows of each item of a section begin, and at the end how many there are. */
export function rowStarts(section: GroupSection): Uint32Array {
  const { view, count, readingWidth } = section;
  const starts = new Uint32Array(count + 1);
  const at = readingsStart(section);
  for (let index = 0; index < count; index++) {
    const readings = readingWidth === 0 ? 1 : view.getUint16(at + 2 * index, true);
    starts[index + 1] = starts[index] + readings;
  }
  return starts;
}

/** The times of all readings of a section, epoch milliseconds. */
export function sectionTimes(section: GroupSection): Float64Array {
  const page = new Uint8Array(section.view.buffer, section.pageAt, section.pageBytes);
  return decodePage(page, { numbers: new Float64Array(0) }, []).timesMs;
}

function sectionAt(view: DataView<ArrayBuffer>, at: number, firstIndex: number): GroupSection {
  const section = {
    profile: "",
    firstIndex,
    count: view.getUint32(at, true),
    view,
    pageAt: at + SECTION_HEADER_BYTES,
    pageBytes: view.getUint32(at + 4, true),
    readingWidth: view.getUint8(at + 14),
    lengthWidth: view.getUint8(at + 15),
    receipts: view.getUint8(at + 16),
    requestWidth: view.getUint8(at + 17),
    stateWidth: view.getUint8(at + 18),
    stateBytes: view.getUint32(at + 20, true),
    firstMs: view.getFloat64(at + 24, true),
  };
  const namesAt = stateLengthsStart(section) + paddedSize(section.stateWidth * section.count) +
    paddedSize(section.stateBytes);
  return { ...section, namesAt, namesEnd: namesAt + view.getUint32(at + 8, true) };
}

/** What the places of the parts of a section depend on. */
type Layout = Pick<
  GroupSection,
  "count" | "pageAt" | "pageBytes" | "readingWidth" | "lengthWidth" | "receipts" | "requestWidth"
>;

function receiptsStart({ pageAt, pageBytes }: Layout): number {
  return pageAt + paddedSize(pageBytes);
}

function readingsStart(layout: Layout): number {
  const { receipts, count } = layout;
  const width = receipts === RECEIPTS_SAME ? 0 : receipts;
  return receiptsStart(layout) + paddedSize(width * count);
}

function lengthsStart(layout: Layout): number {
  return readingsStart(layout) + paddedSize(layout.readingWidth * layout.count);
}

function requestsStart(layout: Layout): number {
  return lengthsStart(layout) + paddedSize(layout.lengthWidth * layout.count);
}

function stateLengthsStart(layout: Layout): number {
  return requestsStart(layout) + paddedSize(layout.requestWidth * layout.count);
}

/** Makes sure that the rows of a section can be read without another look at its bounds. */
function requirePage(bytes: Uint8Array, section: GroupSection): void {
  const { pageAt, pageBytes, receipts, readingWidth, lengthWidth, requestWidth, count } = section;
  const isKnown = [0, 1, 2, 4, 8].includes(receipts) && [0, 2].includes(readingWidth) &&
    [1, 2].includes(lengthWidth) && requestWidth <= 1 && pageBytes >= HEADER_BYTES &&
    [0, 2].includes(section.stateWidth) && stateBytesIn(section) === section.stateBytes;
  if (!isKnown) throw new SyntaxError("Cannot decode group as a section has a damaged header");
  const page = bytes.subarray(pageAt, pageAt + pageBytes);
  const readings = rowStarts(section)[count];
  if (readingsIn(page) !== readings) {
    const fact = `its page must have ${readings} readings`;
    throw new SyntaxError(`Cannot decode group as ${fact}: ${readingsIn(page)}`);
  }
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  let size = HEADER_BYTES + COLUMN_BYTES * page[1] + paddedSize(page[2] * readings);
  requireBytes(page, HEADER_BYTES + COLUMN_BYTES * page[1]);
  for (let column = 0; column < page[1]; column++) {
    const header = HEADER_BYTES + COLUMN_BYTES * column;
    const scale = view.getUint8(header);
    if (scale > MAX_SCALE && scale !== FLOAT_SCALE_BYTE) {
      throw new SyntaxError(`Cannot decode group as a column has a damaged header: ${scale}`);
    }
    if (view.getUint8(header + 2) === NULLS_BITMAP) size += paddedSize(readings + 7 >>> 3);
    size += paddedSize(view.getUint8(header + 1) * readings);
  }
  requireBytes(page, size);
}

/** The sum of the lengths of the states. */
function stateBytesIn(section: GroupSection): number {
  const { view, count, stateWidth } = section;
  const at = stateLengthsStart(section);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    sum += stateWidth === 0 ? 0 : view.getUint16(at + 2 * index, true);
  }
  return sum;
}

/** Bytes at the start of a buffer, copied only if they are not, so that numbers are aligned. */
function aligned(stored: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = stored;
  if (buffer instanceof ArrayBuffer && byteOffset === 0) {
    return new Uint8Array(buffer, 0, byteLength);
  }
  return new Uint8Array(stored);
}

function textOf(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch (cause) {
    throw new SyntaxError("Cannot decode group as a text is not UTF-8", { cause });
  }
}

function requireBytes(bytes: Uint8Array, required: number): void {
  if (bytes.length < required) {
    throw new SyntaxError(`Cannot decode group as it has ${bytes.length} of ${required} bytes`);
  }
}

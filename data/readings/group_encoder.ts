/**
 * Encoding a group (the form is in `group_format.ts`).
 *
 * @module
 */

import { FLOAT } from "./decimal.ts";
import {
  GROUP_FORMAT,
  GROUP_HEADER_BYTES,
  type GroupHead,
  type GroupItem,
  NO_RECEIPT,
  readingsOfItem,
  RECEIPTS_NONE,
  RECEIPTS_SAME,
  rowsOfItem,
  SECTION_HEADER_BYTES,
} from "./group_format.ts";
import { type Column, concatPages, type Page, slicePage } from "./page.ts";
import { encodePage } from "./page_encoder.ts";
import { COLUMN_BYTES, HEADER_BYTES, packedNumbers, paddedSize } from "./page_format.ts";

/** Bytes of an item without its readings and id: a receipt, a number of readings, two lengths, a count. */
const ITEM_BYTES = 8 + 2 + 2 + 1 + 2;
/** Bytes that the padding of a section and its header, and the header of its page, may take. */
const SECTION_BYTES = SECTION_HEADER_BYTES + HEADER_BYTES + 7 * 8;
/** Bytes of a column besides its values: a header, padding, padding of a bitmap. */
const COLUMN_REST_BYTES = COLUMN_BYTES + 7 + 8;
const MAX_READINGS = 0xffff;
const ENCODER = new TextEncoder();

/** An encoded group. */
export interface EncodedGroup {
  /** The group. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its items, in the order in which it has them. The numbers of the items follow this order. */
  readonly items: readonly GroupItem[];
}

/**
 * Encodes items in as few groups as possible, none longer than `maxBytes`. Items of one series keep
 * their order. A page with more readings than fit must be cut before.
 *
 * @throws {RangeError} when an item alone is too long.
 */
export function encodeGroups(
  head: GroupHead,
  items: readonly GroupItem[],
  maxBytes: number,
): EncodedGroup[] {
  const groups: EncodedGroup[] = [];
  let { firstNumber } = head;
  for (let start = 0; start < items.length;) {
    const end = fittingEnd(head, items, { start, maxBytes });
    const some = start === 0 && end === items.length ? items : items.slice(start, end);
    groups.push(encodeGroup({ ...head, firstNumber }, some));
    firstNumber += end - start;
    start = end;
  }
  return groups;
}

/** An upper bound of the bytes of a group with one item, without the name of the writer. */
export function itemMaxBytes(item: Omit<GroupItem, "receipt">): number {
  const { id, profile, page: { columns }, state } = item;
  return ITEM_BYTES + (state?.length ?? 0) + 3 * id.length + 3 * profile.length +
    readingsOfItem(item) * (8 + 9 * columns.length);
}

/** Index after the last item that a group which begins at `start` has room for. */
function fittingEnd(
  { writer }: GroupHead,
  items: readonly GroupItem[],
  { start, maxBytes }: { start: number; maxBytes: number },
): number {
  const widths = new Map<string, { width: number; rows: number }>();
  let size = GROUP_HEADER_BYTES + 3 * writer.length + 7;
  for (let index = start; index < items.length; index++) {
    const { id, profile, page: { columns }, state } = items[index];
    const readings = readingsOfItem(items[index]);
    let section = widths.get(profile);
    if (section === undefined) {
      size += SECTION_BYTES + 3 * profile.length;
      widths.set(profile, section = { width: 0, rows: 0 });
    }
    // A wider page widens all rows of its section.
    const added = Math.max(0, columns.length - section.width);
    section.width += added;
    size += added * (COLUMN_REST_BYTES + 9 * section.rows);
    section.rows += readings;
    size += ITEM_BYTES + (state?.length ?? 0) + 3 * id.length +
      readings * (8 + 9 * section.width);
    if (size <= maxBytes && readings <= MAX_READINGS) continue;
    if (index > start) return index;
    throw new RangeError(`Cannot encode item as a group has at most ${maxBytes} bytes: ${size}`);
  }
  return items.length;
}

function encodeGroup(head: GroupHead, items: readonly GroupItem[]): EncodedGroup {
  const writer = ENCODER.encode(head.writer);
  const sections = sectionsOf(items);
  const parts = sections.map(encodeSection);
  let size = GROUP_HEADER_BYTES + paddedSize(writer.length);
  for (const part of parts) size += part.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = GROUP_FORMAT;
  view.setUint32(4, writer.length, true);
  view.setFloat64(8, head.firstNumber, true);
  view.setFloat64(16, head.windowMs, true);
  bytes.set(writer, GROUP_HEADER_BYTES);
  let at = GROUP_HEADER_BYTES + paddedSize(writer.length);
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, items: sections.length === 1 ? items : sections.flat() };
}

/** Items by profile, each in their order. */
function sectionsOf(items: readonly GroupItem[]): (readonly GroupItem[])[] {
  const { profile } = items[0];
  if (items.every((item) => item.profile === profile)) return [items];
  return [...Map.groupBy(items, (item) => item.profile).values()];
}

/** How the parts of a section are written. */
interface SectionPlan {
  readonly page: Uint8Array;
  readonly names: Uint8Array;
  readonly receipts: { readonly kind: number; readonly firstMs: number };
  readonly readingWidth: number;
  readonly lengthWidth: number;
  readonly requestWidth: number;
  readonly stateWidth: number;
  readonly stateBytes: number;
}

function planSection(items: readonly GroupItem[]): SectionPlan {
  const receipts = planReceipts(items);
  const isEachOne = receipts.kind === RECEIPTS_NONE ||
    items.every(({ receipt }) => receipt?.requests === 1);
  let stateBytes = 0;
  for (const { state } of items) stateBytes += state?.length ?? 0;
  return {
    page: encodePage(joinedPage(items)),
    names: ENCODER.encode(items[0].profile + items.map(({ id }) => id).join("")),
    receipts,
    readingWidth: items.every((item) => readingsOfItem(item) === 1) ? 0 : 2,
    lengthWidth: items.every(({ id }) => id.length <= 0xff) ? 1 : 2,
    requestWidth: isEachOne ? 0 : 1,
    stateWidth: stateBytes > 0 ? 2 : 0,
    stateBytes,
  };
}

function encodeSection(items: readonly GroupItem[]): Uint8Array<ArrayBuffer> {
  const plan = planSection(items);
  const { page, names, receipts: { kind, firstMs } } = plan;
  const { readingWidth, lengthWidth, requestWidth, stateWidth, stateBytes } = plan;
  const count = items.length;
  const receiptWidth = kind === RECEIPTS_SAME ? 0 : kind;
  const widths = [receiptWidth, readingWidth, lengthWidth, requestWidth, stateWidth];
  const sizes = [page.length, ...widths.map((width) => width * count), stateBytes, names.length]
    .map(paddedSize);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, SECTION_HEADER_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, count, true);
  view.setUint32(4, page.length, true);
  view.setUint32(8, names.length, true);
  view.setUint16(12, items[0].profile.length, true);
  bytes.set([readingWidth, lengthWidth, kind, requestWidth, stateWidth], 14);
  view.setUint32(20, stateBytes, true);
  view.setFloat64(24, firstMs, true);
  let at = SECTION_HEADER_BYTES;
  bytes.set(page, at);
  at += sizes[0];
  const numbers = (width: number) => packedNumbers(bytes.buffer, at, { width, count });
  if (receiptWidth > 0) {
    const offsets = numbers(receiptWidth);
    items.forEach(({ receipt }, i) => offsets[i] = (receipt?.receivedMs ?? firstMs) - firstMs);
  }
  at += sizes[1];
  if (readingWidth > 0) {
    const readings = numbers(readingWidth);
    items.forEach((item, i) => readings[i] = readingsOfItem(item));
  }
  at += sizes[2];
  const lengths = numbers(lengthWidth);
  items.forEach(({ id }, i) => lengths[i] = id.length);
  at += sizes[3];
  if (requestWidth > 0) {
    items.forEach(({ receipt }, i) => bytes[at + i] = receipt?.requests ?? NO_RECEIPT);
  }
  at += sizes[4];
  if (stateWidth > 0) {
    const stateLengths = numbers(stateWidth);
    at += sizes[5];
    let end = at;
    items.forEach(({ state }, i) => {
      stateLengths[i] = state?.length ?? 0;
      if (state !== null) bytes.set(state, end);
      end += stateLengths[i];
    });
  }
  bytes.set(names, bytes.length - sizes[7]);
  return bytes;
}

/** The readings of all items, one after the other. */
function joinedPage(items: readonly GroupItem[]): Page {
  const width = items[0].page.columns.length;
  let known: Page | null = null;
  const isPlain = items.every(({ page }) => {
    if (page === known) return true;
    known = page;
    return page.columns.length === width && page.columns.every(({ scale }) => scale === FLOAT);
  });
  if (!isPlain) return concatPages(items.map(pageOfItem));
  // Loops, because most pages have one reading, for which the arrays of `concatPages()` cost more.
  let count = 0;
  for (const item of items) count += readingsOfItem(item);
  const timesMs = new Float64Array(count);
  const columns: Column[] = [];
  for (let index = 0; index < width; index++) {
    columns.push({ scale: FLOAT, values: new Float64Array(count) });
  }
  let at = 0;
  for (const item of items) {
    const { page } = item;
    const { start, end } = rowsOfItem(item);
    for (let row = start; row < end; row++) {
      timesMs[at] = page.timesMs[row];
      for (let index = 0; index < width; index++) {
        columns[index].values[at] = page.columns[index].values[row];
      }
      at++;
    }
  }
  return { timesMs, columns };
}

function pageOfItem(item: GroupItem): Page {
  const { start, end } = rowsOfItem(item);
  return slicePage(item.page, start, end);
}

/** How the times of receipt of a section are written. */
function planReceipts(items: readonly GroupItem[]): { kind: number; firstMs: number } {
  let firstMs = Infinity, lastMs = -Infinity;
  for (const { receipt } of items) {
    if (receipt === null) continue;
    firstMs = Math.min(firstMs, receipt.receivedMs);
    lastMs = Math.max(lastMs, receipt.receivedMs);
  }
  if (firstMs > lastMs) return { kind: RECEIPTS_NONE, firstMs: 0 };
  if (firstMs === lastMs) return { kind: RECEIPTS_SAME, firstMs };
  const most = lastMs - firstMs;
  if (!Number.isInteger(most)) return { kind: 8, firstMs: 0 };
  if (most > 0xffff_ffff) return { kind: 8, firstMs };
  return { kind: most <= 0xffff ? 2 : 4, firstMs };
}

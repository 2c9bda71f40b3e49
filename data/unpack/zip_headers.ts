/**
 * The headers of a ZIP file (PKWARE APPNOTE 6.3), as far as reading one entry needs them.
 *
 * @module
 */

/** Signatures of records, little-endian. */
const LOCAL = 0x04034b50, DESCRIPTOR = 0x08074b50, CENTRAL = 0x02014b50, END = 0x06054b50;
/** The fixed part of a local header. */
export const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46, END_BYTES = 22;
/** A size that a zip64 field holds instead. */
const ELSEWHERE = 0xffff_ffff;
const ZIP64 = 0x0001;
const ENCRYPTED = 0x0001, HAS_DESCRIPTOR = 0x0008, STRONGLY_ENCRYPTED = 0x0040, IS_UTF8 = 0x0800;

/** What the data of an entry are. */
export interface EntrySizes {
  /** CRC-32 of the file. */
  readonly crc: number;
  /** Bytes of the entry. */
  readonly packedBytes: number;
  /** Bytes of the file. */
  readonly fileBytes: number;
}

/** The local header of an entry. */
export interface LocalHeader {
  /** The name of the file. */
  readonly name: string;
  /** How it is compressed: 0 is stored, 8 deflate. */
  readonly method: number;
  /** Whether a password is needed. */
  readonly isEncrypted: boolean;
  /** Its sizes; null if they come after the data. */
  readonly sizes: EntrySizes | null;
}

/** What begins at a place of a ZIP file. */
export type RecordKind = "entry" | "directory" | "unknown";

/** The kind of the record that begins with these four bytes. */
export function recordKind(bytes: Uint8Array): RecordKind {
  const signature = viewOf(bytes).getUint32(0, true);
  if (signature === LOCAL) return "entry";
  return signature === CENTRAL || signature === END ? "directory" : "unknown";
}

/** How many bytes the local header has whose fixed part this is. */
export function localHeaderBytes(fixed: Uint8Array): number {
  const view = viewOf(fixed);
  return LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
}

/** Reads a whole local header. */
export function readLocalHeader(bytes: Uint8Array): LocalHeader {
  const view = viewOf(bytes);
  const flags = view.getUint16(6, true);
  const method = view.getUint16(8, true);
  const nameEnd = LOCAL_BYTES + view.getUint16(26, true);
  const name = textOf(bytes.subarray(LOCAL_BYTES, nameEnd), (flags & IS_UTF8) !== 0);
  const isEncrypted = (flags & (ENCRYPTED | STRONGLY_ENCRYPTED)) !== 0 || method === 99;
  if ((flags & HAS_DESCRIPTOR) !== 0) return { name, method, isEncrypted, sizes: null };
  // The sizes of zip64 are in the order: of the file, of the entry; only those that are needed.
  const long = longSizes(bytes.subarray(nameEnd));
  const given = [view.getUint32(22, true), view.getUint32(18, true)];
  const [fileBytes, packedBytes] = given.map((size) =>
    size === ELSEWHERE ? long.shift() ?? size : size
  );
  return {
    name,
    method,
    isEncrypted,
    sizes: { crc: view.getUint32(14, true), packedBytes, fileBytes },
  };
}

/** The 64-bit numbers of the zip64 field among the extra fields. */
function longSizes(extra: Uint8Array): number[] {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== ZIP64) continue;
    const end = Math.min(extra.length, at + 4 + view.getUint16(at + 2, true));
    const sizes: number[] = [];
    for (let number = at + 4; number + 8 <= end; number += 8) {
      sizes.push(Number(view.getBigUint64(number, true)));
    }
    return sizes;
  }
  return [];
}

/** The longest data descriptor. */
export const DESCRIPTOR_MAX_BYTES = 24;

/** How many bytes the data descriptor has that says these sizes; null if the bytes do not say them. */
export function descriptorBytes(bytes: Uint8Array, sizes: EntrySizes): number | null {
  const view = viewOf(bytes);
  const begins = bytes.length >= 4 && view.getUint32(0, true) === DESCRIPTOR ? [4, 0] : [0];
  for (const start of begins) {
    if (bytes.length < start + 12 || view.getUint32(start, true) !== sizes.crc) continue;
    const isShort = view.getUint32(start + 4, true) === sizes.packedBytes % 2 ** 32 &&
      view.getUint32(start + 8, true) === sizes.fileBytes % 2 ** 32;
    const isLong = bytes.length >= start + 20 &&
      view.getBigUint64(start + 4, true) === BigInt(sizes.packedBytes) &&
      view.getBigUint64(start + 12, true) === BigInt(sizes.fileBytes);
    if (isLong) return start + 20;
    if (isShort) return start + 12;
  }
  return null;
}

/** The names in the directory at the end of a whole ZIP file; null if it is not there. */
export function directoryNames(file: Uint8Array): string[] | null {
  const view = viewOf(file);
  let end = file.length - END_BYTES;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) return null;
  const names: string[] = [];
  let at = view.getUint32(end + 16, true);
  while (at + CENTRAL_BYTES <= end && view.getUint32(at, true) === CENTRAL) {
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const isUtf8 = (view.getUint16(at + 8, true) & IS_UTF8) !== 0;
    names.push(textOf(file.subarray(at + CENTRAL_BYTES, nameEnd), isUtf8));
    at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return names;
}

/** Whether an entry is not a file that a user put there: a folder, or what macOS adds. */
export function isExtraEntry(name: string): boolean {
  return /(^__MACOSX\/|\/$|(^|\/)\.DS_Store$)/.test(name);
}

/** A name. Without the flag for UTF-8 its encoding is not known; ASCII is the same in all of them. */
function textOf(bytes: Uint8Array, isUtf8: boolean): string {
  return new TextDecoder(isUtf8 ? "utf-8" : "windows-1252").decode(bytes);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

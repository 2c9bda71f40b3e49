/**
 * ZIP archives as a stream (PKWARE APPNOTE 6.3.10): each file compressed, its size and checksum behind
 * it, with ZIP64 where a size, an offset or the number of files needs it.
 *
 * The libraries either do not compress, or compress on this thread, or do without ZIP64, so that an
 * archive of more than 4 GiB is broken.
 *
 * @module
 */

import { deflateBytes, type Deflater, type PlainBytes } from "./deflate.ts";

/** A file of an archive. */
export interface ZipEntry {
  /** Its name. */
  readonly name: string;
  /** Its bytes. They are read before the next file is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /**
   * Whether it may have 4 GiB or more. Its header must say so before its size is known, and Excel
   * refuses workbooks in which one does.
   */
  readonly isLarge?: boolean;
}

/** What the directory at the end says about a file. */
interface Listed extends PlainBytes {
  readonly name: Uint8Array;
  readonly packedBytes: number;
  readonly at: number;
}

const LOCAL_FILE = 0x04034b50, DESCRIPTOR = 0x08074b50, LISTED_FILE = 0x02014b50;
const END = 0x06054b50, END_64 = 0x06064b50, END_64_LOCATOR = 0x07064b50;
/** Sizes come behind the file (bit 3); names are UTF-8 (bit 11). */
const FLAGS = 1 << 3 | 1 << 11;
const DEFLATED = 8;
/** 1980-01-01, the first day there is: the same files always give the same archive. */
const DOS_DATE = 1 << 5 | 1;
/** The version that has ZIP64, and the one that has DEFLATE. */
const VERSION_64 = 45, VERSION = 20;
const MAX_16 = 0xffff, MAX_32 = 0xffffffff;

/**
 * Makes an archive of files. The same files give the same bytes.
 *
 * @throws {RangeError} if a file that was not large turns out to be.
 */
export async function* zipBytes(
  entries: AsyncIterable<ZipEntry>,
  deflater: Deflater,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const listed: Listed[] = [];
  let at = 0;
  for await (const entry of entries) {
    const start = at;
    const name = new TextEncoder().encode(entry.name);
    const plain: PlainBytes = { crc: 0, sizeBytes: 0 };
    const isLarge = entry.isLarge ?? false;
    const header = localHeader(name, isLarge);
    yield header;
    at += header.length;
    const bodyAt = at;
    for await (const chunk of deflateBytes(entry.bytes, { deflater, plain })) {
      at += chunk.length;
      yield chunk;
    }
    const packedBytes = at - bodyAt;
    if (!isLarge && plain.sizeBytes >= MAX_32) {
      throw new RangeError(
        `Cannot add a file to an archive as it has 4 GiB or more: ${entry.name}`,
      );
    }
    const descriptor = descriptorOf(plain, { packedBytes, isLarge });
    yield descriptor;
    at += descriptor.length;
    listed.push({ ...plain, name, packedBytes, at: start });
  }
  for (const part of directory(listed, at)) yield part;
}

function localHeader(name: Uint8Array, isLarge: boolean): Uint8Array<ArrayBuffer> {
  const extra = isLarge ? fields([[2, 1], [2, 16], [8, 0], [8, 0]]) : fields([]);
  const size = isLarge ? MAX_32 : 0;
  return fields([
    [4, LOCAL_FILE],
    [2, isLarge ? VERSION_64 : VERSION],
    [2, FLAGS],
    [2, DEFLATED],
    [2, 0],
    [2, DOS_DATE],
    [4, 0],
    [4, size],
    [4, size],
    [2, name.length],
    [2, extra.length],
  ], [name, extra]);
}

function descriptorOf(
  { crc, sizeBytes }: PlainBytes,
  { packedBytes, isLarge }: { packedBytes: number; isLarge: boolean },
): Uint8Array<ArrayBuffer> {
  // 8 bytes for a file whose header has ZIP64 (4.3.9.2).
  const width = isLarge ? 8 : 4;
  return fields([[4, DESCRIPTOR], [4, crc], [width, packedBytes], [width, sizeBytes]]);
}

function* directory(
  listed: readonly Listed[],
  startAt: number,
): Generator<Uint8Array<ArrayBuffer>> {
  let at = startAt;
  for (const file of listed) {
    const part = listedFile(file);
    at += part.length;
    yield part;
  }
  const count = listed.length, sizeBytes = at - startAt;
  if (count >= MAX_16 || sizeBytes >= MAX_32 || startAt >= MAX_32) {
    yield* end64({ count, sizeBytes, startAt, endAt: at });
  }
  const short = Math.min(count, MAX_16);
  yield fields([
    [4, END],
    [2, 0],
    [2, 0],
    [2, short],
    [2, short],
    [4, Math.min(sizeBytes, MAX_32)],
    [4, Math.min(startAt, MAX_32)],
    [2, 0],
  ]);
}

function listedFile({ name, crc, sizeBytes, packedBytes, at }: Listed): Uint8Array<ArrayBuffer> {
  // Only the values that do not fit, in this order (4.5.3).
  const long = [sizeBytes, packedBytes, at].filter((value) => value >= MAX_32);
  const longs = long.map((value) => [8, value] as const);
  const extra = long.length === 0 ? fields([]) : fields([[2, 1], [2, 8 * long.length], ...longs]);
  return fields([
    [4, LISTED_FILE],
    [2, long.length === 0 ? VERSION : VERSION_64],
    [2, long.length === 0 ? VERSION : VERSION_64],
    [2, FLAGS],
    [2, DEFLATED],
    [2, 0],
    [2, DOS_DATE],
    [4, crc],
    [4, Math.min(packedBytes, MAX_32)],
    [4, Math.min(sizeBytes, MAX_32)],
    [2, name.length],
    [2, extra.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, Math.min(at, MAX_32)],
  ], [name, extra]);
}

function* end64(
  { count, sizeBytes, startAt, endAt }: {
    count: number;
    sizeBytes: number;
    startAt: number;
    endAt: number;
  },
): Generator<Uint8Array<ArrayBuffer>> {
  yield fields([
    [4, END_64],
    // The size of the rest of this record.
    [8, 44],
    [2, VERSION_64],
    [2, VERSION_64],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, sizeBytes],
    [8, startAt],
  ]);
  yield fields([[4, END_64_LOCATOR], [4, 0], [8, endAt], [4, 1]]);
}

/** Integers of 2, 4 or 8 bytes, lowest byte first, and bytes behind them. */
function fields(
  values: readonly (readonly [bytes: number, value: number])[],
  behind: readonly Uint8Array[] = [],
): Uint8Array<ArrayBuffer> {
  const length = values.reduce((sum, [bytes]) => sum + bytes, 0);
  const whole = new Uint8Array(behind.reduce((sum, part) => sum + part.length, length));
  const view = new DataView(whole.buffer);
  let at = 0;
  for (const [bytes, value] of values) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  for (const part of behind) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

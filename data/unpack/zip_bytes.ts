/**
 * The bytes of the one file in a ZIP file, as they arrive.
 *
 * The directory of a ZIP file is at its end, so entries are read by their local headers. A ZIP file of
 * at most a megabyte is looked at as a whole first, and refused before anything is read if it has
 * several files. In a longer one the second file is an error after the first.
 *
 * @module
 */

import { crc32, createInflateRaw, type InflateRaw } from "node:zlib";
import { AppError } from "../app_error.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";
import { type ChunkReader, createChunkReader } from "./chunk_reader.ts";
import {
  DESCRIPTOR_MAX_BYTES,
  descriptorBytes,
  directoryNames,
  type EntrySizes,
  isExtraEntry,
  LOCAL_BYTES,
  type LocalHeader,
  localHeaderBytes,
  readLocalHeader,
  recordKind,
} from "./zip_headers.ts";

/** Bytes of a file that are handed on at once. */
const CHUNK_BYTES = 65_536;
/** A ZIP file up to this length is looked at as a whole first. */
const WHOLE_MAX_BYTES = 1_048_576;
/** A file may be this many times as long as its entry once it has a certain length. */
const RATIO_MAX = 250, RATIO_FREE_BYTES = 16_777_216;
/** How many names a refusal lists. */
const NAMES_LISTED = 20;
const STORED = 0, DEFLATED = 8;

/**
 * The bytes of the one file in a ZIP file. Folders, and what macOS adds, do not count.
 *
 * @throws {AppError} MALFORMED_BODY if it is not a ZIP file, is cut, encrypted, compressed by another
 * method than deflate, or damaged, has no file or several, or if the file is very much longer than its
 * entry.
 */
export async function* zipEntryBytes(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  const reader = createChunkReader(source);
  try {
    const head = await reader.peek(WHOLE_MAX_BYTES);
    if (head.length < WHOLE_MAX_BYTES) requireOneFile(directoryNames(head) ?? []);
    let name: string | null = null;
    for (;;) {
      const header = await nextHeader(reader);
      if (header === null) break;
      if (isExtraEntry(header.name)) {
        for await (const _ of entryBytes(reader, header)) { /* It is only checked. */ }
        continue;
      }
      if (name !== null) requireOneFile([name, header.name]);
      name = header.name;
      yield* entryBytes(reader, header);
    }
    if (name === null) throw refused("The ZIP has no file");
    // The directory says nothing that is not known.
    while ((await reader.read(CHUNK_BYTES)).length > 0);
  } finally {
    await source.return?.();
  }
}

/**
 * Refuses a ZIP file that an upload cannot have, as far as its beginning shows.
 *
 * @throws {AppError} MALFORMED_BODY if its first file cannot be read, or a whole one has several.
 */
export function requireReadableZip(head: Uint8Array, isWhole: boolean): void {
  const isHeader = head.length >= LOCAL_BYTES && localHeaderBytes(head) <= head.length;
  if (isHeader) requireReadable(readLocalHeader(head.subarray(0, localHeaderBytes(head))));
  if (isWhole) requireOneFile(directoryNames(head) ?? []);
}

/** The header of the next entry; null if there are no more. */
async function nextHeader(reader: ChunkReader): Promise<LocalHeader | null> {
  const fixed = await reader.peek(LOCAL_BYTES);
  const kind = fixed.length < 4 ? "unknown" : recordKind(fixed);
  if (kind === "directory") return null;
  if (kind === "unknown") throw fixed.length < 4 ? cut() : refused("The body is not a ZIP file");
  if (fixed.length < LOCAL_BYTES) throw cut();
  const length = localHeaderBytes(fixed);
  const bytes = await reader.peek(length);
  if (bytes.length < length) throw cut();
  const header = readLocalHeader(bytes.subarray(0, length));
  reader.skip(length);
  requireReadable(header);
  return header;
}

/** @throws {AppError} MALFORMED_BODY if the file of an entry cannot be read. */
function requireReadable({ name: whole, isEncrypted, method, sizes }: LocalHeader): void {
  const name = whole.slice(0, QUOTED_VALUE_MAX);
  if (isEncrypted) throw refused(`The ZIP is encrypted: ${name}`);
  if (method !== STORED && method !== DEFLATED) {
    throw refused(`The ZIP is compressed by method ${method}; deflate is read: ${name}`);
  }
  if (method === STORED && sizes === null) {
    throw refused(`The ZIP stores a file whose length it does not say before it: ${name}`);
  }
}

/** The bytes of the file of an entry; at its end they are checked. */
async function* entryBytes(
  reader: ChunkReader,
  { method, sizes }: LocalHeader,
): AsyncGenerator<Uint8Array> {
  let crc = 0, fileBytes = 0;
  const packed = { bytes: 0 };
  const parts = method === STORED
    ? storedBytes(reader, sizes?.packedBytes ?? 0, packed)
    : inflatedBytes(reader, sizes?.packedBytes ?? Infinity, packed);
  for await (const part of parts) {
    crc = crc32(part, crc);
    fileBytes += part.length;
    if (fileBytes > (sizes?.fileBytes ?? Infinity)) throw damaged();
    if (fileBytes > RATIO_FREE_BYTES && fileBytes > RATIO_MAX * packed.bytes) throw bomb();
    yield part;
  }
  const found = { crc, packedBytes: packed.bytes, fileBytes };
  if (sizes === null) await readDescriptor(reader, found);
  else if (!isSame(sizes, found)) throw damaged();
}

async function readDescriptor(reader: ChunkReader, found: EntrySizes): Promise<void> {
  const bytes = await reader.peek(DESCRIPTOR_MAX_BYTES);
  const length = descriptorBytes(bytes, found);
  if (length === null) throw bytes.length < DESCRIPTOR_MAX_BYTES ? cut() : damaged();
  reader.skip(length);
}

async function* storedBytes(
  reader: ChunkReader,
  length: number,
  packed: { bytes: number },
): AsyncGenerator<Uint8Array> {
  while (packed.bytes < length) {
    const bytes = await reader.read(Math.min(CHUNK_BYTES, length - packed.bytes));
    if (bytes.length === 0) throw cut();
    packed.bytes += bytes.length;
    yield bytes;
  }
}

/** Inflates at most `limit` bytes, and hands those after the end back to the reader. */
async function* inflatedBytes(
  reader: ChunkReader,
  limit: number,
  packed: { bytes: number },
): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: CHUNK_BYTES });
  const feeder = feed(inflate, reader, limit);
  try {
    for await (const part of inflate) {
      packed.bytes = inflate.bytesWritten;
      yield part;
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw (await feeder.isEnded()) ? cut() : damaged(cause);
  } finally {
    inflate.destroy();
  }
  packed.bytes = inflate.bytesWritten;
  reader.unread(feeder.rest(packed.bytes));
}

/** Writes chunk after chunk, each when the one before is used up, so that the rest can be told. */
function feed(inflate: InflateRaw, reader: ChunkReader, limit: number): {
  /** The bytes that were written but not used. */
  rest(usedBytes: number): Uint8Array;
  /** Whether the stream of the reader ended. */
  isEnded(): Promise<boolean>;
} {
  let last: Uint8Array = new Uint8Array(0);
  let written = 0;
  let isEnded = false;

  async function run(): Promise<void> {
    while (written < limit && !inflate.destroyed && !inflate.readableEnded) {
      const bytes = await reader.read(Math.min(CHUNK_BYTES, limit - written));
      if (bytes.length === 0) {
        isEnded = true;
        break;
      }
      last = bytes;
      written += bytes.length;
      await new Promise<void>((resolve) => {
        inflate.once("end", resolve);
        inflate.once("close", resolve);
        inflate.write(bytes, () => resolve());
      });
    }
    inflate.end();
  }

  const running = run().catch((error) => inflate.destroy(error));
  return {
    rest: (usedBytes) => last.subarray(last.length - (written - usedBytes)),
    isEnded: () => Promise.resolve(running).then(() => isEnded),
  };
}

function isSame(one: EntrySizes, other: EntrySizes): boolean {
  return one.crc === other.crc && one.packedBytes === other.packedBytes &&
    one.fileBytes === other.fileBytes;
}

/** @throws {AppError} MALFORMED_BODY with the names if there are several files. */
function requireOneFile(names: readonly string[]): void {
  const files = names.filter((name) => !isExtraEntry(name))
    .map((name) => name.slice(0, QUOTED_VALUE_MAX));
  if (files.length < 2) return;
  const listed = files.slice(0, NAMES_LISTED).join(", ");
  const more = files.length > NAMES_LISTED ? `, and ${files.length - NAMES_LISTED} more` : "";
  throw refused(`The ZIP has several files; send each of them alone: ${listed}${more}`);
}

const AGAIN = "What was stored stays stored; send the whole upload again to complete it";

function refused(message: string, cause?: unknown): AppError {
  return new AppError("MALFORMED_BODY", message, { details: AGAIN, cause });
}

function damaged(cause?: unknown): AppError {
  return refused(
    "The ZIP is damaged: the file does not have the length and checksum it says",
    cause,
  );
}

function cut(): AppError {
  return refused("The ZIP ends before its directory: it was cut");
}

function bomb(): AppError {
  return refused(`The file in the ZIP is more than ${RATIO_MAX} times as long as its entry`);
}

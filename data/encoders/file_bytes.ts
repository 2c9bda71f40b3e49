/**
 * A whole file as a stream of bytes: from pages through an encoder, and for some formats into an
 * archive.
 *
 * @module
 */

import { type ChunkMemory, createChunkMemory, releasedChunks } from "./chunk_memory.ts";
import type { Deflater } from "./deflate.ts";
import type {
  EntryPart,
  FileEncoder,
  FileEnd,
  FileFormat,
  FileHead,
  SourcePage,
} from "./encoder.ts";
import { type FilePiece, isBytes } from "./file_cut.ts";
import { textPieces } from "./text_pieces.ts";
import { zipBytes, type ZipEntry } from "./zip.ts";

/** What becomes a file. */
export interface FileInput {
  /** What the file says about its rows. */
  readonly head: FileHead;
  /** The rows. Pages without rows are left out. */
  readonly pages: AsyncIterable<SourcePage>;
  /** What is known after the last row. It is called once, then. */
  end(): FileEnd;
  /** Compresses, if the format does. */
  readonly deflater: Deflater;
  /** Memory for its chunks. Whoever has written a chunk may release it there. */
  readonly memory?: ChunkMemory;
}

/** The file as bytes. It reads the pages only as fast as the bytes are read. */
export async function* fileBytes(
  format: FileFormat,
  input: FileInput,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { memory = createChunkMemory() } = input;
  if (format.parts === "text") {
    yield* bytesOnly(textPieces(await format.open(input.head), { ...input, memory }));
  } else if (format.parts === "bytes") yield* parts(await format.open(input.head, memory), input);
  else {
    const entries = entriesOf(parts(await format.open(input.head), input), memory);
    yield* zipBytes(entries, input.deflater);
  }
}

async function* parts<Part>(
  encoder: FileEncoder<Part>,
  { pages, end }: FileInput,
): AsyncGenerator<Part> {
  yield encoder.start();
  for await (const page of pages) if (page.page.timesMs.length > 0) yield encoder.rows(page);
  yield encoder.end(end());
}

async function* bytesOnly(
  pieces: AsyncIterable<FilePiece<unknown>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const piece of pieces) if (isBytes(piece)) yield piece;
}

/** The files of an archive, one after the other. Each must be read before the next. */
async function* entriesOf(
  lists: AsyncIterable<readonly EntryPart[]>,
  memory: ChunkMemory,
): AsyncGenerator<ZipEntry> {
  const parts = flat(lists);
  const cursor: Cursor = { parts, next: await parts.next() };
  try {
    while (!cursor.next.done) {
      const name = cursor.next.value.entry;
      yield { name, bytes: releasedChunks(bodyOf(cursor, name), memory) };
    }
  } finally {
    await parts.return();
  }
}

/** Where the reading of parts is. */
interface Cursor {
  readonly parts: AsyncGenerator<EntryPart, void>;
  next: IteratorResult<EntryPart, void>;
}

async function* bodyOf(
  cursor: Cursor,
  name: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  while (!cursor.next.done && cursor.next.value.entry === name) {
    yield cursor.next.value.bytes;
    cursor.next = await cursor.parts.next();
  }
}

async function* flat<T>(lists: AsyncIterable<readonly T[]>): AsyncGenerator<T, void> {
  for await (const list of lists) yield* list;
}

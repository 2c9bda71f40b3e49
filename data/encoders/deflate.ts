/**
 * DEFLATE (RFC 1951) in blocks that do not depend on each other, so that another thread may make them.
 *
 * A block may refer to the 32 KiB before it, which it gets as a dictionary, and ends at a byte. So the
 * blocks of a file, one after the other, are one stream, as pigz makes it. The blocks are cut at the same
 * bytes however the file arrives, so the same file gives the same stream.
 *
 * @module
 */

import { constants, crc32, deflateRawSync } from "node:zlib";

/** Bytes of a block before compression: some 2 ms of work. */
export const BLOCK_BYTES = 262_144;
/** How far back DEFLATE may refer. */
const WINDOW_BYTES = 32_768;
/** Twice as fast as level 6, and a tenth larger (measured on a year of readings). */
const LEVEL = 2;
/** Blocks in work at once: enough that neither thread waits for the other. */
const IN_WORK = 3;

/** Bytes to compress. */
export interface PlainBlock {
  /** The bytes. They belong to the deflater from now on, which may move their memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The bytes before them, which they may refer to. */
  readonly dictionary: Uint8Array<ArrayBuffer>;
  /** Whether the stream ends with them. */
  readonly isLast: boolean;
}

/** Compresses blocks, here or on another thread. The bytes are the same. */
export interface Deflater {
  /** Compresses a block. */
  deflate(block: PlainBlock): Promise<Uint8Array<ArrayBuffer>>;
}

/** What {@link deflateBytes} knows about what it compressed. It grows until the end. */
export interface PlainBytes {
  /** Their CRC-32. */
  crc: number;
  /** How many there were. */
  sizeBytes: number;
}

/** Compresses a block on this thread. */
export function deflateBlock({ bytes, dictionary, isLast }: PlainBlock): Uint8Array<ArrayBuffer> {
  const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  // zlib takes an empty dictionary for none at all only if the option is missing.
  const options = dictionary.length === 0 ? {} : { dictionary };
  const { buffer, byteOffset, length } = deflateRawSync(bytes, {
    level: LEVEL,
    finishFlush,
    ...options,
  });
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}

/** A deflater on this thread. */
export const inlineDeflater: Deflater = {
  deflate: (block) => Promise.resolve(deflateBlock(block)),
};

/** Compresses bytes as one stream of DEFLATE. What it knows about them goes into `plain`. */
export async function* deflateBytes(
  bytes: AsyncIterable<Uint8Array>,
  { deflater, plain }: { deflater: Deflater; plain: PlainBytes },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const inWork: Promise<Uint8Array<ArrayBuffer>>[] = [];
  let dictionary = new Uint8Array(0);
  let block: Uint8Array<ArrayBuffer> | null = null;

  function send(next: Uint8Array<ArrayBuffer>, isLast: boolean): void {
    plain.crc = crc32(next, plain.crc);
    plain.sizeBytes += next.length;
    const tail = next.slice(-WINDOW_BYTES);
    const made = deflater.deflate({ bytes: next, dictionary, isLast });
    // It is awaited later; until then its failure is nobody's.
    made.catch(() => {});
    inWork.push(made);
    dictionary = tail;
  }

  for await (const next of blocksOf(bytes)) {
    if (block !== null) send(block, false);
    block = next;
    while (inWork.length >= IN_WORK) yield await shifted(inWork);
  }
  send(block ?? new Uint8Array(0), true);
  while (inWork.length > 0) yield await shifted(inWork);
}

async function shifted<T>(queue: Promise<T>[]): Promise<T> {
  const [first] = queue.splice(0, 1);
  return await first;
}

/** The same bytes in blocks of {@link BLOCK_BYTES}; the last one may be shorter. */
async function* blocksOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let block = new Uint8Array(BLOCK_BYTES);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + BLOCK_BYTES - filled);
      block.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < BLOCK_BYTES) continue;
      yield block;
      block = new Uint8Array(BLOCK_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield block.slice(0, filled);
}

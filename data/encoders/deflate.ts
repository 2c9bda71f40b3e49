/**
 * DEFLATE (RFC 1951) in blocks that do not depend on each other, so that another thread may make them.
 *
 * A block refers to nothing before it and ends at a byte. So the blocks of a file, one after the other,
 * are one stream, as pigz makes it with its option --independent. The blocks are cut at the same bytes
 * however the file arrives, so the same file gives the same stream. With the 32 KiB before it as a
 * dictionary, a block would be a little shorter, but Deno 2.9 does not use the dictionary and never frees
 * it.
 *
 * @module
 */

import { constants, crc32, deflateRawSync } from "node:zlib";

/** Bytes of a block before compression: some 2 ms of work. */
export const BLOCK_BYTES = 262_144;
/** Twice as fast as level 6, and a tenth larger (measured on a year of readings). */
const LEVEL = 2;
/** Blocks in work at once: enough that neither thread waits for the other. */
const IN_WORK = 3;

/** Bytes to compress. */
export interface PlainBlock {
  /** The bytes. They stay as they are until the deflater has answered, which leaves them so. */
  readonly bytes: Uint8Array<ArrayBuffer>;
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
export function deflateBlock({ bytes, isLast }: PlainBlock): Uint8Array<ArrayBuffer> {
  const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  const { buffer, byteOffset, length } = deflateRawSync(bytes, { level: LEVEL, finishFlush });
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
  const inWork: BlockInWork[] = [];
  /** Memory of blocks that are done, for the next ones. */
  const free: Uint8Array<ArrayBuffer>[] = [];
  let memory = new Uint8Array(BLOCK_BYTES);
  let filled = 0;

  function send(isLast: boolean): void {
    const block = memory.subarray(0, filled);
    plain.crc = crc32(block, plain.crc);
    plain.sizeBytes += filled;
    const made = deflater.deflate({ bytes: block, isLast });
    // It is awaited later; until then its failure is nobody's.
    made.catch(() => {});
    inWork.push({ memory, made });
  }

  async function receive(): Promise<Uint8Array<ArrayBuffer>> {
    const [first] = inWork.splice(0, 1);
    const packed = await first.made;
    free.push(first.memory);
    return packed;
  }

  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length;) {
      // Only when more bytes follow: a full block may be the last one.
      if (filled === BLOCK_BYTES) {
        send(false);
        while (inWork.length >= IN_WORK) yield await receive();
        memory = free.pop() ?? new Uint8Array(BLOCK_BYTES);
        filled = 0;
      }
      const part = chunk.subarray(at, at + BLOCK_BYTES - filled);
      memory.set(part, filled);
      filled += part.length;
      at += part.length;
    }
  }
  send(true);
  while (inWork.length > 0) yield await receive();
}

/** A block that is being compressed, and its memory. */
interface BlockInWork {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly made: Promise<Uint8Array<ArrayBuffer>>;
}

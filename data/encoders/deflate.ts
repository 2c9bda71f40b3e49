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
import { type CountedBytes, type FilePiece, isBytes } from "./file_cut.ts";

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

/** A cut in a compressed file, at the end of a block. */
export interface PackedCut<State> {
  /** The state of the cut in the plain file. */
  readonly state: State;
  /** What was plain before that cut. */
  readonly before: CountedBytes;
  /** What the blocks before this cut hold, which is more. */
  readonly packed: CountedBytes;
}

/** Compresses bytes as one stream of DEFLATE. What it knows about them goes into `plain`. */
export async function* deflateBytes(
  bytes: AsyncIterable<Uint8Array>,
  options: { deflater: Deflater; plain: PlainBytes },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const piece of deflatePieces(bytes, options)) {
    if (piece instanceof Uint8Array) yield piece;
  }
}

/**
 * Compresses a file with cuts, as {@link deflateBytes} does. Each cut moves to the end of its block; of
 * several in a block, only the last one is kept. Another stream may go on there: `plain` is then what the
 * blocks before hold.
 */
export async function* deflatePieces<State>(
  pieces: AsyncIterable<FilePiece<State, Uint8Array>>,
  { deflater, plain }: { deflater: Deflater; plain: PlainBytes },
): AsyncGenerator<Uint8Array<ArrayBuffer> | PackedCut<State>> {
  const inWork: BlockInWork<State>[] = [];
  /** Memory of blocks that are done, for the next ones. */
  const free: Uint8Array<ArrayBuffer>[] = [];
  let memory = new Uint8Array(BLOCK_BYTES);
  let filled = 0;
  let cut: Omit<PackedCut<State>, "packed"> | null = null;

  function send(isLast: boolean): void {
    const block = memory.subarray(0, filled);
    plain.crc = crc32(block, plain.crc);
    plain.sizeBytes += filled;
    const made = deflater.deflate({ bytes: block, isLast });
    // It is awaited later; until then its failure is nobody's.
    made.catch(() => {});
    inWork.push({ memory, made, cut: cut && { ...cut, packed: { ...plain } } });
    cut = null;
  }

  async function* receive(): AsyncGenerator<Uint8Array<ArrayBuffer> | PackedCut<State>> {
    const [first] = inWork.splice(0, 1);
    const packed = await first.made;
    free.push(first.memory);
    yield packed;
    if (first.cut !== null) yield first.cut;
  }

  for await (const chunk of pieces) {
    if (!isBytes(chunk)) {
      const crc = crc32(memory.subarray(0, filled), plain.crc);
      cut = { state: chunk.state, before: { crc, sizeBytes: plain.sizeBytes + filled } };
      continue;
    }
    for (let at = 0; at < chunk.length;) {
      // Only when more bytes follow: a full block may be the last one.
      if (filled === BLOCK_BYTES) {
        send(false);
        while (inWork.length >= IN_WORK) yield* receive();
        memory = free.pop() ?? new Uint8Array(BLOCK_BYTES);
        filled = 0;
      }
      const part = chunk.subarray(at, at + BLOCK_BYTES - filled);
      memory.set(part, filled);
      filled += part.length;
      at += part.length;
    }
  }
  // Nothing follows the last block.
  cut = null;
  send(true);
  while (inWork.length > 0) yield* receive();
}

/** A block that is being compressed, its memory, and a cut after it. */
interface BlockInWork<State> {
  readonly cut: PackedCut<State> | null;
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly made: Promise<Uint8Array<ArrayBuffer>>;
}

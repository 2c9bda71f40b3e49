/**
 * The memory of the chunks of one file: it is used again or freed once a chunk is written.
 *
 * The garbage collector does not see how much memory chunks hold, so in a long file tens of megabytes
 * would pile up. New memory costs more than filling it, as the system clears it page by page.
 *
 * @module
 */

/** Hands out memory for chunks. */
export interface ChunkMemory {
  /** At least so many bytes, which may have any content. */
  take(sizeBytes: number): Uint8Array<ArrayBuffer>;
  /** Takes a chunk back that nobody uses any more, whoever made it. */
  release(chunk: Uint8Array<ArrayBuffer>): void;
}

/** Smaller chunks are left to the garbage collector: they may share their memory (`Buffer.poolSize`). */
const FREED_BYTES = 16_384;
/** How many pieces of memory wait for their next use: a chunk is written while the next one is made. */
const WAITING_MAX = 2;
/** More memory than this is not kept for the next file. Windows of minutes take far less. */
const KEPT_BYTES = 4_194_304;

/** Memory for the chunks of one file. */
export function createChunkMemory(): ChunkMemory {
  const given = new WeakSet<ArrayBuffer>();
  const waiting: ArrayBuffer[] = [];
  return {
    take(sizeBytes) {
      const index = waiting.findIndex(({ byteLength }) => byteLength >= sizeBytes);
      const [buffer = new ArrayBuffer(sizeBytes)] = index < 0 ? [] : waiting.splice(index, 1);
      given.add(buffer);
      return new Uint8Array(buffer);
    },
    release({ buffer }) {
      if (given.has(buffer) && waiting.length < WAITING_MAX) waiting.push(buffer);
      else freeMemory(buffer);
    },
  };
}

/** Frees memory that nobody uses any more. Little memory is left to the garbage collector. */
export function freeMemory(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= FREED_BYTES) buffer.transfer(0);
}

/** Frees memory that is kept for the next file if that is much; returns whether it did. */
export function freeIfLong(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength <= KEPT_BYTES) return false;
  freeMemory(buffer);
  return true;
}

/**
 * The same chunks, each released when the next one is requested. The caller keeps none of them. What is
 * not a chunk passes.
 */
export async function* releasedChunks<Piece>(
  chunks: AsyncIterable<Piece>,
  memory: ChunkMemory,
): AsyncGenerator<Piece> {
  for await (const chunk of chunks) {
    yield chunk;
    if (chunk instanceof Uint8Array && chunk.buffer instanceof ArrayBuffer) {
      memory.release(new Uint8Array(chunk.buffer));
    }
  }
}

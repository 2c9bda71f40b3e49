/**
 * Chunks whose memory is freed as soon as the next one is requested.
 *
 * The garbage collector does not see how much memory chunks hold, so in a long file tens of megabytes
 * would pile up.
 *
 * @module
 */

/** Smaller chunks are left to the garbage collector: they may share their memory (`Buffer.poolSize`). */
const FREED_BYTES = 16_384;

/** The same chunks. Nobody else may use their memory, and the caller keeps none of them. */
export async function* freedChunks(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const chunk of chunks) {
    yield chunk;
    if (chunk.buffer.byteLength >= FREED_BYTES) chunk.buffer.transfer(0);
  }
}

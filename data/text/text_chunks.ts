/**
 * Joins short texts into chunks of a length that streams move fast.
 *
 * @module
 */

/** The least length of a chunk, in characters; the last one may be shorter. */
export const CHUNK_CHARS = 65_536;

/** The same text in larger chunks. It reads its source only as fast as the chunks are read. */
export function textChunks(texts: AsyncIterable<string>): ReadableStream<string> {
  const iterator = texts[Symbol.asyncIterator]();
  return new ReadableStream<string>({
    async pull(controller) {
      let waiting = "";
      let isDone = false;
      while (!isDone && waiting.length < CHUNK_CHARS) {
        const next = await iterator.next();
        isDone = next.done === true;
        if (!next.done) waiting += next.value;
      }
      if (waiting !== "") controller.enqueue(waiting);
      if (isDone) controller.close();
    },
    async cancel() {
      await iterator.return?.();
    },
  }, { highWaterMark: 1 });
}

/**
 * A file's text on its way out, in pieces of some length.
 *
 * @module
 */

/** Text is handed on in pieces of at least this many characters, but for the last one. */
const CHUNK_CHARS = 65_536;

/** Texts joined into larger ones, taken from their source only as fast as they are read. */
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

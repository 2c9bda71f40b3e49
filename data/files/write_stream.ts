/**
 * Writes a whole stream through a writer.
 *
 * @module
 */

import type { FileWriter, WrittenFile } from "./file_store.ts";
import { untilAborted } from "./until_aborted.ts";

/**
 * Writes a stream to its end. If the stream fails or the signal aborts, the stream is cancelled, nothing
 * is shown, and the reason is thrown.
 */
export async function writeStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
  open: () => Promise<FileWriter | null>,
): Promise<WrittenFile> {
  let writer: FileWriter | null = null;
  try {
    writer = await open();
    if (writer === null) throw new TypeError("Cannot go on with a file as nothing of it was kept");
    for await (const chunk of untilAborted(body, signal)) await writer.write(chunk);
    return await writer.finish();
  } catch (error) {
    await body.cancel(error).catch(() => {});
    await writer?.close();
    throw error;
  }
}

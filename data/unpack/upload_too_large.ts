/**
 * The refusal of uploads that are too long.
 *
 * @module
 */

import { AppError } from "../app_error.ts";

/** A body that is longer than any may be. */
export function uploadTooLarge(maxBytes: number): AppError {
  const message = `An upload may have at most ${maxBytes} bytes, also decompressed`;
  return new AppError("BODY_TOO_LARGE", message, {
    details: "What was read before may be stored; send the rest in smaller uploads",
  });
}

/** The same chunks. @throws {AppError} BODY_TOO_LARGE if there are more bytes than `maxBytes`. */
export async function* atMost(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw uploadTooLarge(maxBytes);
    yield chunk;
  }
}

/**
 * The bytes of an upload of any media type, decompressed if they are gzip.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { plainBytes } from "../../data/unpack/gunzip.ts";
import { bodyChunks, maxUploadBytes } from "./request_body.ts";

/**
 * The bytes of a body as they arrive, decompressed. All members of a gzip file are read. Timers and
 * other requests get their turn between two chunks.
 *
 * @param onBytes is called with how many bytes arrived, before they are decompressed.
 * @throws {AppError} MALFORMED_BODY if the body breaks off or is not gzip; as `bodyChunks()` does.
 */
export function uploadBytes(
  request: Request,
  isGzip: boolean,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  return plainBytes(sentBytes(request, onBytes), isGzip, maxUploadBytes(request));
}

/** The bytes of a body as they are sent; if it breaks off, an error with a code. */
export async function* sentBytes(
  request: Request,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of bodyChunks(request)) {
      onBytes(chunk.length);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("MALFORMED_BODY", "The upload broke off", {
      details: "What was stored stays stored; send the same upload again to complete it",
      cause,
    });
  }
}

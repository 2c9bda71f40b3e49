/**
 * The beginning of a body of any length. The rest is not read.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { bodyChunks } from "./request_body.ts";

/** The first bytes of a body. */
export interface BodySample {
  /** The bytes, at most as many as asked for. */
  readonly bytes: Uint8Array;
  /** Whether they are the whole body. */
  readonly isWhole: boolean;
}

/**
 * The first bytes of a body. Reading stops there.
 *
 * @throws {AppError} MALFORMED_BODY if the body breaks off before that; as `bodyChunks()` does.
 */
export async function readBodySample(
  request: Request,
  maxBytes: number,
): Promise<BodySample> {
  const bytes = new Uint8Array(maxBytes);
  let size = 0;
  try {
    for await (const chunk of bodyChunks(request)) {
      const taken = chunk.subarray(0, maxBytes - size);
      bytes.set(taken, size);
      size += taken.length;
      if (size === maxBytes) return { bytes, isWhole: false };
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("MALFORMED_BODY", "The upload broke off", { cause });
  }
  return { bytes: bytes.slice(0, size), isWhole: true };
}

/**
 * Pauses of clients that send a body.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";

/** How long a client may send nothing, milliseconds. */
export const IDLE_MS = 60_000;

/**
 * What a read gives, unless the client pauses for too long.
 *
 * @throws {AppError} REQUEST_TIMEOUT.
 */
export async function withoutPause<T>(reading: Promise<T>): Promise<T> {
  const { promise: idle, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `Nothing of the body arrived for ${IDLE_MS / 1000} s`;
    reject(new AppError("REQUEST_TIMEOUT", message, { details: "Send the upload again" }));
  }, IDLE_MS);
  try {
    return await Promise.race([reading, idle]);
  } finally {
    clearTimeout(timer);
  }
}

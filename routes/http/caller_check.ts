/**
 * Checking again that a caller may send a request that takes long.
 *
 * @module
 */

import type { Context } from "hono";

/** How often it is checked that the caller still may send the request, milliseconds. */
const CALLER_CHECK_MS = 1_000;

declare module "hono" {
  interface ContextVariableMap {
    /**
     * Refuses a caller who may not use the route any more. Undefined in public routes.
     *
     * @throws {AppError} UNAUTHENTICATED, FORBIDDEN, KEYS_UNAVAILABLE.
     */
    requireStillAllowed: (() => Promise<void>) | undefined;
  }
}

/** Refuses a caller who may not send the request any more. It asks at most once a second. */
export function callerCheck(c: Context, now: () => number): () => Promise<void> | null {
  let checkedMs = now();
  return () => {
    const nowMs = now();
    // The clock may also be set back.
    if (Math.abs(nowMs - checkedMs) < CALLER_CHECK_MS) return null;
    checkedMs = nowMs;
    return c.get("requireStillAllowed")?.() ?? null;
  };
}

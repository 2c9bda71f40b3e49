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

/** A request whose caller is checked again. */
export interface CheckedRequest {
  /** Its context. */
  readonly c: Context;
  /** When its caller was last checked, epoch milliseconds. */
  checkedMs: number;
}

/** Refuses a caller who may not send the request any more. It asks at most once a second. */
export function checkCaller(checked: CheckedRequest, nowMs: number): Promise<void> | null {
  // The clock may also be set back.
  if (Math.abs(nowMs - checked.checkedMs) < CALLER_CHECK_MS) return null;
  checked.checkedMs = nowMs;
  return checked.c.get("requireStillAllowed")?.() ?? null;
}

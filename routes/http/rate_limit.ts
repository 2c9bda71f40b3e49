/**
 * How often a device may send, in responses: the headers `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers-10), and the response to a device that sends too often.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { RateLimit } from "../../data/devices/rate_window.ts";
import { problemResponse } from "./problem.ts";

/** How much of a limit is left. */
export interface LimitLeft {
  /** How many more requests are accepted now. */
  readonly remaining: number;
  /** After which time that changes at the latest, milliseconds; the length of the window by default. */
  readonly waitMs?: number;
}

/** The headers with the limit and how much of it is left. */
export function limitHeaders(limit: RateLimit, left: LimitLeft): Record<string, string> {
  return { "ratelimit-policy": limitPolicy(limit), "ratelimit": limitLeft(limit, left) };
}

/** The value of `RateLimit-Policy`. */
export function limitPolicy({ requests, windowMs }: RateLimit): string {
  return `"device";q=${requests};w=${Math.ceil(windowMs / 1000)}`;
}

/** The value of `RateLimit`. */
export function limitLeft(
  { windowMs }: RateLimit,
  { remaining, waitMs = windowMs }: LimitLeft,
): string {
  return `"device";r=${remaining};t=${seconds(waitMs)}`;
}

/** The response to a device that sends too often. */
export function rateLimited(id: string, limit: RateLimit, waitMs: number): Response {
  return problemResponse(limitError(id, limit), {
    ...limitHeaders(limit, { remaining: 0, waitMs }),
    "retry-after": retryAfter(waitMs),
  });
}

/** The value of `Retry-After` for a time in milliseconds: whole seconds, at least 1. */
export function retryAfter(waitMs: number): string {
  return String(seconds(waitMs));
}

function limitError(id: string, { requests, windowMs }: RateLimit): AppError {
  const rule = `at most ${requests} requests in ${windowMs / 1000} s`;
  return new AppError("RATE_LIMITED", `Rate limit exceeded: device ${id} may send ${rule}`);
}

/** Whole seconds, rounded up, at least 1. */
function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

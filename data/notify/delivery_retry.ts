/**
 * When a delivery that failed is tried again. Pure.
 *
 * The times are those of Standard Webhooks ("Deliverability and reliability"), which end after three
 * days: a receiver that is down for a weekend misses nothing.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";

/** The shortest and the longest wait between two attempts, milliseconds. */
export const RETRY_MIN_MS = 5_000, RETRY_MAX_MS: number = DAY_MS;

/** The wait after each attempt, milliseconds, before it is spread. The last one has none after it. */
const WAITS_MS: readonly number[] = [
  6_000,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  DAY_MS,
];

/** The number of attempts before a delivery fails. */
export const DELIVERY_ATTEMPTS: number = WAITS_MS.length + 1;

/** How long a target may fail without a success before it is paused: 5 days. */
export const FAILING_MAX_MS: number = 5 * DAY_MS;

/** A failed attempt. */
export interface FailedAttempt {
  /** Its number; the first is 1. */
  readonly attempt: number;
  /** How long the recipient asks to wait, milliseconds; null if it does not ask. */
  readonly retryAfterMs: number | null;
  /** 0 to 1, spreads attempts that failed together. */
  readonly random: number;
}

/**
 * How long to wait before the next attempt, milliseconds: 5 s to 24 h. Null after the last attempt. A
 * recipient may ask for a longer wait than planned, up to 24 h, but not for a shorter one.
 */
export function deliveryRetryMs({ attempt, retryAfterMs, random }: FailedAttempt): number | null {
  const plannedMs = WAITS_MS[attempt - 1];
  if (plannedMs === undefined) return null;
  const spreadMs = Math.round(plannedMs * (0.8 + 0.2 * random));
  return Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, spreadMs, retryAfterMs ?? 0));
}

/**
 * The wait that `Retry-After` asks for (RFC 9110, section 10.2.3), milliseconds; null if there is none
 * that can be read.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/**
 * How many requests a caller may send: the headers `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers-10), and the refusal of a caller who sends too many.
 *
 * @module
 */

import type { Context } from "hono";
import { accountOf } from "../../data/access/account.ts";
import type { KeyLimits } from "../../data/access/key_limits.ts";
import {
  type BucketRate,
  createTokenBuckets,
  type Taken,
} from "../../data/access/token_buckets.ts";
import { AppError } from "../../data/app_error.ts";
import { retryAfter } from "../http/rate_limit.ts";

/** How many callers are known at once. Each takes about 200 bytes. */
const MAX_BUCKETS = 20_000;

/** A request that is one too many. */
export interface RequestRefusal {
  /** What to say. */
  readonly error: AppError;
  /** The headers of the answer. */
  readonly headers: Record<string, string>;
}

declare module "hono" {
  interface ContextVariableMap {
    /** Counts the request; null if it may be answered. Undefined where requests are not limited. */
    countRequest: (() => RequestRefusal | null) | undefined;
    /** The headers of the answer that say what is left; undefined if the request was not counted. */
    limitHeaders: Readonly<Record<string, string>> | undefined;
  }
}

/** Limits the requests of a caller that is known. */
export type LimitRequests = (c: Context) => void;

/**
 * Limits the requests of each caller. The routes count (`routes/access/guarded_routes.ts`), as some
 * are free.
 *
 * @param rate The rate of callers without their own; null for any number.
 */
export function limitRequests(
  { rate, now }: { rate: BucketRate | null; now: () => number },
): LimitRequests {
  const buckets = createTokenBuckets(MAX_BUCKETS);
  return (c) => {
    const own = rateOf(c.get("caller").limits, rate);
    if (own === null) return;
    c.set("countRequest", () => {
      const taken = buckets.take(accountOf(c.get("caller")), own, now());
      const headers = limitHeaders(own, taken);
      c.set("limitHeaders", headers);
      return taken.isTaken ? null : refusal(own, taken, headers);
    });
  };
}

/** The rate of a caller with these limits. */
function rateOf(limits: KeyLimits | null, rate: BucketRate | null): BucketRate | null {
  const perSecond = limits?.requestsPerSecond ?? null;
  if (perSecond === null) {
    if (rate === null) return null;
    return { perSecond: rate.perSecond, burst: limits?.burst ?? rate.burst };
  }
  return { perSecond, burst: limits?.burst ?? BURST_SECONDS * perSecond };
}

/** Without another setting, a caller may send at once what it may send in so many seconds. */
const BURST_SECONDS = 10;

function limitHeaders({ perSecond, burst }: BucketRate, taken: Taken): Record<string, string> {
  const wait = taken.isTaken ? taken.fullMs : taken.waitMs;
  return {
    "ratelimit-policy": `"requests";q=${burst};w=${Math.max(1, Math.ceil(burst / perSecond))}`,
    "ratelimit": `"requests";r=${taken.remaining};t=${Math.ceil(wait / 1000)}`,
  };
}

function refusal(
  { perSecond, burst }: BucketRate,
  { waitMs }: Taken,
  headers: Record<string, string>,
): RequestRefusal {
  const message = `Rate limit exceeded: you may send ${perSecond} requests per second, and ` +
    `${burst} at once`;
  return {
    error: new AppError("RATE_LIMITED", message),
    headers: { ...headers, "retry-after": retryAfter(waitMs) },
  };
}

/**
 * How many requests each caller may send: a bucket of tokens for each, which fills at a rate.
 *
 * @module
 */

/** The size of a bucket, and how fast it fills. */
export interface BucketRate {
  /** Tokens a second. */
  readonly perSecond: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
}

/** What a bucket has after a request. */
export interface Taken {
  /** Whether there was a token. */
  readonly isTaken: boolean;
  /** Whole tokens that are left. */
  readonly remaining: number;
  /** How long until there is a token, milliseconds; 0 if there is one. */
  readonly waitMs: number;
  /** How long until the bucket is full, milliseconds. */
  readonly fullMs: number;
}

/** The buckets by the names of callers. */
export interface TokenBuckets {
  /** Takes a token of a caller's bucket, which is full if the caller is new. */
  take(name: string, rate: BucketRate, nowMs: number): Taken;
  /** How many buckets there are. */
  count(): number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** No buckets yet; at most so many. The one that was not used for the longest time goes first. */
export function createTokenBuckets(maxBuckets: number): TokenBuckets {
  /** In the order of their last use. */
  const buckets = new Map<string, Bucket>();
  return {
    take(name, { perSecond, burst }, nowMs) {
      const bucket = buckets.get(name) ?? { tokens: burst, atMs: nowMs };
      buckets.delete(name);
      buckets.set(name, bucket);
      if (buckets.size > maxBuckets) {
        const [oldest] = buckets.keys();
        buckets.delete(oldest);
      }
      // A clock that is set back gives nothing and takes nothing.
      const filled = Math.max(0, nowMs - bucket.atMs) / 1000 * perSecond;
      bucket.tokens = Math.min(burst, bucket.tokens + filled);
      bucket.atMs = nowMs;
      const isTaken = bucket.tokens >= 1;
      if (isTaken) bucket.tokens--;
      const msUntil = (tokens: number) =>
        Math.max(0, Math.ceil((tokens - bucket.tokens) / perSecond * 1000));
      return {
        isTaken,
        remaining: Math.floor(bucket.tokens),
        waitMs: msUntil(1),
        fullMs: msUntil(burst),
      };
    },
    count: () => buckets.size,
  };
}

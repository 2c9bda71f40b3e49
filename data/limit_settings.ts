/**
 * The settings of what callers may send. They are part of all settings (`data/settings.ts`).
 *
 * @module
 */

import { z } from "zod";

/** How many requests a caller may send. */
export interface RequestRate {
  /** Requests a second, over a longer time. */
  readonly perSecond: number;
  /** Requests at once, after none for a while. */
  readonly burst: number;
}

/** What callers may send. */
export interface LimitSettings {
  /** How many proxies are before the service, each of which names its client in a header. */
  readonly trustedProxies: number;
  /** How many requests each caller may send; null for any number. */
  readonly requestRate: RequestRate | null;
  /** How many uploads may run at once in this process. */
  readonly maxUploads: number;
  /** The longest upload, bytes as they are sent, and decompressed. */
  readonly maxUploadBytes: number;
  /** How many bytes the running uploads of a caller may have together. */
  readonly uploadBytesAtOnce: number;
}

/** Requests a second of each caller where others can reach the service. */
export const DEFAULT_REQUESTS_PER_SECOND = 100;

/** The rule of each variable, in words. */
export const LIMIT_RULES = {
  TRUST_PROXY: "a whole number of 0 to 16",
  REQUESTS_PER_SECOND: "a whole number of 0 to 1000000; 0 for any number",
  REQUESTS_BURST: "a whole number of 1 to 1000000",
  MAX_UPLOADS: "a whole number of 1 to 10000",
  MAX_UPLOAD_BYTES: "a whole number of 65536 to 1099511627776",
  UPLOAD_BYTES_AT_ONCE: "a whole number of 65536 to 1099511627776",
} as const;

const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));

/** The variables. */
export const LIMIT_VARIABLES = {
  TRUST_PROXY: wholeNumber(0, 16).default(0),
  REQUESTS_PER_SECOND: wholeNumber(0, 1_000_000).optional(),
  REQUESTS_BURST: wholeNumber(1, 1_000_000).optional(),
  MAX_UPLOADS: wholeNumber(1, 10_000).default(256),
  MAX_UPLOAD_BYTES: wholeNumber(65_536, 1_099_511_627_776).default(2_147_483_648),
  UPLOAD_BYTES_AT_ONCE: wholeNumber(65_536, 1_099_511_627_776).optional(),
};

const variablesSchema = z.object(LIMIT_VARIABLES);

/**
 * The settings.
 *
 * @param isReachable Whether others than programs of this machine can reach the service. Only then
 * requests are limited by default.
 */
export function limitSettings(
  values: z.infer<typeof variablesSchema>,
  isReachable: boolean,
): LimitSettings {
  const perSecond = values.REQUESTS_PER_SECOND ?? (isReachable ? DEFAULT_REQUESTS_PER_SECOND : 0);
  return {
    trustedProxies: values.TRUST_PROXY,
    requestRate: perSecond === 0
      ? null
      : { perSecond, burst: values.REQUESTS_BURST ?? 10 * perSecond },
    maxUploads: values.MAX_UPLOADS,
    maxUploadBytes: values.MAX_UPLOAD_BYTES,
    uploadBytesAtOnce: values.UPLOAD_BYTES_AT_ONCE ?? 2 * values.MAX_UPLOAD_BYTES,
  };
}

/**
 * Bounds on what users send. Each one is named once, here, and quoted in the error that enforces it.
 *
 * @module
 */

/** Milliseconds in a minute. */
export const MINUTE_MS = 60_000;
/** Milliseconds in an hour. */
export const HOUR_MS = 3_600_000;
/** Milliseconds in a UTC day. */
export const DAY_MS = 86_400_000;

/** First time a reading may have: 1970-01-01T00:00:00Z, epoch milliseconds. */
export const FIRST_TIME_MS = 0;
/** First time past those a reading may have: 10000-01-01T00:00:00Z, epoch milliseconds. */
export const END_OF_TIME_MS = 253_402_300_800_000;

/** A smart meter's id: 1 to 64 of `A-Z a-z 0-9 _ . : -`, beginning with a letter or digit. */
export const METER_ID_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
/** {@link METER_ID_PATTERN} in words. */
export const METER_ID_RULE =
  "1 to 64 characters of A-Z a-z 0-9 _ . : - beginning with a letter or digit";

/** A device's id: 1 to 64 of `A-Z a-z 0-9 _ -`. */
export const DEVICE_ID_PATTERN: RegExp = /^[A-Za-z0-9_-]{1,64}$/;
/** {@link DEVICE_ID_PATTERN} in words. */
export const DEVICE_ID_RULE = "1 to 64 characters of A-Z a-z 0-9 _ -";

/** A store's id: what a meter's may be, but for {@link STORE_ID_RESERVED}. */
export const STORE_ID_PATTERN: RegExp = METER_ID_PATTERN;
/** What no store is called, as addresses mean other things by it. */
export const STORE_ID_RESERVED: readonly string[] = ["status", "hours", "timezones"];
/** What a store's id may be, in words. */
export const STORE_ID_RULE = `${METER_ID_RULE}, not ${STORE_ID_RESERVED.join(" or ")}`;
/** Most spans of hours a store has: they are one KV value, of about 12 bytes a span. */
export const STORE_SPANS_MAX = 1_000;

/** Longest time for which a poll of a store may be asked to hold: 8,760 hours, a year. */
export const MAX_HOLD_HOURS = 8_760;
/** Greatest age of a poll from which a store can count as stale: 8,760 hours, a year. */
export const STALE_MAX_HOURS = 8_760;

/** Shortest range of an export: 1 minute. */
export const EXPORT_MIN_RANGE_MS: number = MINUTE_MS;
/** Longest range of an export: 366 days, so that every calendar year fits. */
export const EXPORT_MAX_RANGE_MS = 366 * DAY_MS;

/** Longest JSON body, bytes. */
export const JSON_BODY_MAX_BYTES = 65_536;
/** Longest record of an upload, a line or a JSON value, bytes. */
export const RECORD_MAX_BYTES = 65_536;
/** How many rejected records an import lists; the rest are counted. */
export const REJECTS_LISTED = 100;
/** How many columns that mean nothing an import lists. */
export const IGNORED_LISTED = 100;
/** How much of a wrong value is quoted back, characters. */
export const QUOTED_VALUE_MAX = 100;

/** Whether a text may be a store's id. */
export function isStoreId(text: string): boolean {
  return STORE_ID_PATTERN.test(text) && !STORE_ID_RESERVED.includes(text);
}

/** First moment of the UTC day a time lies in, epoch milliseconds. */
export function dayStartMs(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

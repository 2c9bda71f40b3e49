/**
 * How fast an upload arrives. A client that sends a byte a minute keeps its place for good, so two
 * accounts could take all places of a service.
 *
 * @module
 */

/**
 * How long a client may be slow, milliseconds. It is long enough for a phone in a tunnel, and for
 * small bodies at any speed.
 */
export const SLOW_MS = 300_000;
/** Bytes a minute that are not slow. That is 9 kbit/s: the slowest GPRS modem sends as much. */
export const SLOW_BYTES_PER_MINUTE = 65_536;

/** The pace of an upload. */
export interface UploadPace {
  /**
   * Counts bytes, and how long the service waited for them. The time in which the service did not
   * read does not count. Returns whether the upload has been slow for {@link SLOW_MS} and still is.
   */
  isSlow(bytes: number, waitedMs: number): boolean;
}

/** The pace of an upload that begins. */
export function createUploadPace(): UploadPace {
  let sumBytes = 0, sumMs = 0;
  return {
    isSlow(bytes, waitedMs) {
      sumBytes += bytes;
      sumMs += waitedMs;
      if (sumMs < SLOW_MS) return false;
      if (sumBytes * 60_000 < SLOW_BYTES_PER_MINUTE * sumMs) return true;
      // What arrived fast once allows no pause later.
      sumBytes = sumMs = 0;
      return false;
    },
  };
}

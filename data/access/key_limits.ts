/**
 * Limits that a key can have of its own.
 *
 * @module
 */

/** The limits of a key. Null where the limit of the service holds. */
export interface KeyLimits {
  /** How many requests it may send per second, over a longer time. */
  readonly requestsPerSecond: number | null;
  /** How many requests it may send at once, after it sent none for a while. */
  readonly burst: number | null;
  /** How many of its jobs may wait. */
  readonly jobsWaiting: number | null;
  /** How many of its jobs may run at the same time. */
  readonly jobsRunning: number | null;
  /**
   * How many bytes its uploads that run at the same time may have together: what they announce as
   * `Content-Length`, or else what has arrived.
   */
  readonly uploadBytesAtOnce: number | null;
  /** How many readings it may store. */
  readonly storedReadings: number | null;
  /** How many bytes the files of its jobs may have together. */
  readonly fileBytes: number | null;
}

/** No limits but those of the service. */
export const NO_KEY_LIMITS: KeyLimits = {
  requestsPerSecond: null,
  burst: null,
  jobsWaiting: null,
  jobsRunning: null,
  uploadBytesAtOnce: null,
  storedReadings: null,
  fileBytes: null,
};

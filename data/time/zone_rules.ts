/**
 * When a zone changes its offset from UTC: what all times on the clock of a zone are computed from.
 *
 * @module
 */

/** The offsets of a zone. Times are epoch milliseconds, and need not be whole. */
export interface ZoneRules {
  /** Whether the zone is UTC, under any of its names. A fixed offset of zero is not. */
  readonly isUtc: boolean;
  /** The offset from UTC at a time, milliseconds. */
  offsetAt(timeMs: number): number;
  /** When the offset changes next, after a time; null if it does not change any more. */
  changeAfter(timeMs: number): number | null;
  /** The last change at or before a time; null if there is none. */
  changeUpTo(timeMs: number): number | null;
}

/** No zone of the IANA database changed its offset before 1800. */
export const BEFORE_CHANGES_MS: number = Date.UTC(1800, 0, 1);

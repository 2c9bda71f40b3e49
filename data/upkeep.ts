/**
 * When what live ingest wrote is brought into its lasting form.
 *
 * @module
 */

/** The thresholds of compaction and of the journal. */
export interface Upkeep {
  /** How long to wait between two looks, milliseconds. */
  readonly everyMs: number;
  /** A series is folded when it has this many segments … */
  readonly foldSegments: number;
  /** … or has had some for this long, milliseconds. */
  readonly foldAfterMs: number;
  /** How long an entry that does not change stays in the journal, milliseconds. */
  readonly settleAfterMs: number;
  /** Bytes of records beyond which the older half of the journal is settled, however new it is. */
  readonly journalMaxBytes: number;
}

/** What a service goes by unless told. Entries of a series that is folded in time never settle. */
export const UPKEEP: Upkeep = {
  everyMs: 2_000,
  foldSegments: 256,
  foldAfterMs: 30_000,
  settleAfterMs: 40_000,
  journalMaxBytes: 48_000_000,
};

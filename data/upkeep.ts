/**
 * When compaction and the journal bring what live ingest wrote into its final form.
 *
 * @module
 */

/** The thresholds of compaction and of the journal. */
export interface Upkeep {
  /** Time between two rounds, milliseconds. */
  readonly everyMs: number;
  /** A series is folded when it has this many segments … */
  readonly foldSegments: number;
  /** … or has had segments for this long, milliseconds. */
  readonly foldAfterMs: number;
  /** How long an entry that does not change stays in the journal, milliseconds. */
  readonly flushAfterMs: number;
  /** Bytes of records beyond which the older half of the journal is flushed, however new it is. */
  readonly journalMaxBytes: number;
}

/**
 * The thresholds of a service. `flushAfterMs` is longer than `foldAfterMs`, so the segments of a
 * series that is folded in time are deleted before a flush would have to rewrite them.
 */
export const UPKEEP: Upkeep = {
  everyMs: 2_000,
  foldSegments: 256,
  foldAfterMs: 30_000,
  flushAfterMs: 40_000,
  journalMaxBytes: 48_000_000,
};

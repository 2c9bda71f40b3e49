/**
 * What a file of meters says about its readings: how good they are, and which of it has no place here.
 *
 * @module
 */

/** How many series without a place are listed. */
export const LEFT_OUT_LISTED = 100;

/** Readings of a file that no meter takes. */
export interface LeftOut {
  /** The series as the file names it. */
  readonly series: string;
  /** Why it is left out. */
  readonly reason: string;
  /** How many readings of it the file has. */
  readonly readings: number;
}

/** What a reader of a file found besides readings. */
export interface FileNotes {
  /** How many readings the file marks with each quality, by the name of the quality. */
  readonly quality: Readonly<Record<string, number>>;
  /** What is left out, and why; the first 100 pairs of series and reason. */
  readonly leftOut: readonly LeftOut[];
  /** What is doubtful about the file, in words. */
  readonly doubts: readonly string[];
}

/** Collects {@link FileNotes}. */
export interface FileNoteTaker {
  /** Counts readings of a quality. */
  addQuality(name: string, readings: number): void;
  /** Counts readings of a series that are left out. */
  leaveOut(series: string, reason: string, readings: number): void;
  /** All so far. */
  all(): FileNotes;
}

/** A taker without notes. */
export function createFileNotes(): FileNoteTaker {
  const quality = new Map<string, number>();
  const leftOut = new Map<string, { series: string; reason: string; readings: number }>();
  return {
    addQuality(name, readings) {
      if (readings > 0) quality.set(name, (quality.get(name) ?? 0) + readings);
    },
    leaveOut(series, reason, readings) {
      const key = `${series}\n${reason}`;
      const entry = leftOut.get(key);
      if (entry !== undefined) entry.readings += readings;
      else if (leftOut.size < LEFT_OUT_LISTED) leftOut.set(key, { series, reason, readings });
    },
    all: () => ({
      quality: Object.fromEntries(quality),
      leftOut: [...leftOut.values()].map((entry) => ({ ...entry })),
      doubts: [],
    }),
  };
}

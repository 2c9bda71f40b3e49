/**
 * What an upload says about its readings: how good they are, what of it has no place here, and doubts.
 *
 * @module
 */

/** How many things without a place are listed. */
export const LEFT_OUT_LISTED = 100;

/** A part of an upload that no meter takes. */
export interface SeriesLeftOut {
  /** The series as the upload names it. */
  readonly name: string;
  /** Why it is left out. */
  readonly reason: string;
  /** How many readings of it the upload has. */
  readonly readings: number;
}

/** What a reader of a file found besides readings. */
export interface FileNotes {
  /** How many readings the file marks with each quality, by the name of the quality. */
  readonly quality: Readonly<Record<string, number>>;
  /** What is left out, and why; the first 100 pairs of name and reason. */
  readonly leftOut: readonly SeriesLeftOut[];
  /** What is doubtful about the file, in words. */
  readonly doubts: readonly string[];
}

/** Collects {@link FileNotes}. */
export interface FileNoteTaker {
  /** Counts readings of a quality. */
  addQuality(name: string, readings: number): void;
  /** Counts readings of a series that are left out. */
  leaveOut(name: string, reason: string, readings: number): void;
  /** All so far. */
  all(): FileNotes;
}

/** A taker without notes. */
export function createFileNotes(): FileNoteTaker {
  const quality = new Map<string, number>();
  const leftOut = new Map<string, { name: string; reason: string; readings: number }>();
  return {
    addQuality(name, readings) {
      if (readings > 0) quality.set(name, (quality.get(name) ?? 0) + readings);
    },
    leaveOut(name, reason, readings) {
      const key = `${name}\n${reason}`;
      const entry = leftOut.get(key);
      if (entry !== undefined) entry.readings += readings;
      else if (leftOut.size < LEFT_OUT_LISTED) leftOut.set(key, { name, reason, readings });
    },
    all: () => ({
      quality: Object.fromEntries(quality),
      leftOut: [...leftOut.values()].map((entry) => ({ ...entry })),
      doubts: [],
    }),
  };
}

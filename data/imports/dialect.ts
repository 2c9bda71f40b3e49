/**
 * How an upload writes readings: its delimiter and decimal point, which column is what, in which
 * unit, how times are written and in which zone.
 *
 * @module
 */

import type { TimeFormat } from "../time/time_format.ts";
import type { WallTime } from "../time/time_text.ts";
import type { LocalClock } from "../time/zone.ts";

/** What the values of a column are. */
export interface ColumnMeaning {
  /** Index of the metric in the profile. */
  readonly metric: number;
  /** A value times 10 to this power is in the metric's unit. */
  readonly exponent: number;
}

/** A zone that times without an offset are in. */
export interface UploadZone {
  /** Its IANA name, or a fixed offset. */
  readonly name: string;
  /** Its clock. */
  readonly clock: LocalClock;
}

/** A metric that no column has, as it is computed from another one: divided, rounded half up. */
export interface Derivation {
  /** Index of the metric that is computed. */
  readonly metric: number;
  /** Index of the metric it is computed from. */
  readonly from: number;
  /** What that one is divided by, a whole number. */
  readonly divisor: number;
  /** Digits behind the point that are kept. */
  readonly scale: number;
}

/** How an upload writes readings. */
export interface Dialect {
  /** What stands between two fields, one ASCII character. */
  readonly delimiter: string;
  /** What stands before the fraction of a decimal: `.` or `,`. */
  readonly point: string;
  /** Names of the columns of times, one or two; of two, the texts are joined by a space. */
  readonly timeColumns: readonly string[];
  /** How times are written. */
  readonly timeFormat: TimeFormat;
  /** Where times without an offset are; null is UTC. */
  readonly zone: UploadZone | null;
  /** What the columns of values are, by their names in lower case. */
  readonly columns: ReadonlyMap<string, ColumnMeaning>;
  /** Those of `columns` that the upload must have, as the user wrote them. */
  readonly required: readonly string[];
  /** Texts that stand for a missing value, beside the empty one. */
  readonly missing: readonly string[];
  /** A metric that is computed, or null. */
  readonly derivation: Derivation | null;
}

/** Epoch milliseconds of a time as an upload has it; NaN where the zone's clock skips it. */
export function instantOf({ zone }: Dialect, { wallMs, offsetMs }: WallTime): number {
  if (offsetMs === offsetMs) return wallMs - offsetMs;
  return zone === null ? wallMs : zone.clock.toUtcMs(wallMs);
}

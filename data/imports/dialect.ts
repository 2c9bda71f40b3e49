/**
 * How an upload writes readings: its delimiter and decimal point, what each column is and in which
 * unit, the form of times and their zone.
 *
 * @module
 */

import type { TextEncoding } from "../text/transcode.ts";
import type { DayLayout } from "./interval_options.ts";
import type { IntervalOptions } from "./interval_rules.ts";
import type { UploadTimes } from "./time_options.ts";

/** What the values of a column mean. */
export interface ColumnMeaning {
  /** Index of the metric in the profile. */
  readonly metric: number;
  /** A value times 10 to this power is in the unit of the metric. */
  readonly exponent: number;
}

/** Where an upload names the meters of its records. */
export interface MeterColumn {
  /** The column or property with their ids; null is the profile's own, such as `smart_meter_id`. */
  readonly name: string | null;
  /** Whether the upload must have it: its records go to the meters that they name, or are chosen. */
  readonly isRequired: boolean;
}

/** How an upload writes readings. */
export interface Dialect extends UploadTimes {
  /** The encoding of its text. */
  readonly encoding: TextEncoding;
  /** The character between fields, ASCII. */
  readonly delimiter: string;
  /** The decimal point: `.` or `,`. */
  readonly point: string;
  /** The characters that group the digits of a number; empty if none do. */
  readonly thousands: string;
  /** The one or two columns of times. The texts of two are joined by a space. */
  readonly timeColumns: readonly string[];
  /** What the columns of values mean, by their names in lower case. */
  readonly columns: ReadonlyMap<string, ColumnMeaning>;
  /** The `columns` that the upload must have, as the user wrote them. */
  readonly required: readonly string[];
  /** Texts for a missing value, besides the empty one. */
  readonly missing: readonly string[];
  /** Where it names meters. */
  readonly meters: MeterColumn;
  /** What values mean for the intervals between times. Their length is not said here. */
  readonly intervals: IntervalOptions;
  /** Records that are days; null if each is a reading. */
  readonly layout: DayLayout | null;
}

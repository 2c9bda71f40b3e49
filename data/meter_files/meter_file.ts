/**
 * Readers of files in the formats of meters, which carry the ids of their meters.
 *
 * @module
 */

import type { MeterRows } from "../imports/meter_rows.ts";
import type { ManyMetersReader } from "../imports/upload_reader.ts";

/** How to read a file. */
export interface MeterFileOptions {
  /** The meter that the upload is for; null if the file carries the ids. */
  readonly meterId: string | null;
  /** The series that this meter takes, by its id in the file; by default see `meter_choice.ts`. */
  readonly register?: string | null;
  /** Where readings go. */
  readonly rows: MeterRows;
  /** Earlier times are rejected, epoch milliseconds. */
  readonly oldestMs: number;
}

/** Reads one file. */
export type MeterFileReader = ManyMetersReader & Required<Pick<ManyMetersReader, "notes">>;

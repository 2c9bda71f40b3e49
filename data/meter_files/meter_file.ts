/**
 * Readers of files in the formats of meters, which carry the ids of their meters.
 *
 * @module
 */

import type { MeterBatch, MeterRows } from "../imports/meter_rows.ts";
import type { ManyMetersReader } from "../imports/upload_reader.ts";
import type { FileNotes } from "./file_notes.ts";

/** How to read a file. */
export interface MeterFileOptions {
  /** The meter that the upload is for; null if the file carries the ids. */
  readonly meterId: string | null;
  /** Where readings go. */
  readonly rows: MeterRows;
  /** Earlier times are rejected, epoch milliseconds. */
  readonly oldestMs: number;
}

/** Readings of one meter in a file whose readings have one metric each. */
export interface PartBatch extends MeterBatch {
  /**
   * The metric that the readings have, by its index; null if they have all that is known of their
   * times. Other metrics of a stored reading stay as they are, because another part of the file may
   * have brought them.
   */
  readonly part: number | null;
}

/** Reads one file. */
export interface MeterFileReader extends Omit<ManyMetersReader, "take"> {
  /** The readings since the last call, by meter and metric, each in the order of the file. */
  take(): readonly PartBatch[];
  /** What it found besides readings. */
  notes(): FileNotes;
}

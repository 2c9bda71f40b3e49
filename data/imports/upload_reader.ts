/**
 * A reader of the readings in one upload, in any of the forms that an upload may have.
 *
 * @module
 */

import type { Profile } from "../readings/profile.ts";
import type { Place, RecordReader } from "../text/upload_reader.ts";
import type { FileNotes } from "./file_notes.ts";
import type { LeftOut } from "./left_out.ts";
import type {
  MeterBatch,
  MeterNotes,
  MeterRefusal,
  MeterReject,
  RegisterBreak,
} from "./meter_rows.ts";

/**
 * Reads one upload of readings of one meter or many.
 *
 * After each `push()` and `end()`, ask for the `unknown()` meters and `know()` each of them; then
 * `resume()` reads what was held back, and may meet more of them. Only then `take()`.
 */
export interface ManyMetersReader extends RecordReader {
  /** Meters whose profile the reader must know to go on. */
  unknown(): readonly string[];
  /** Says the profile of an unknown meter, or why it takes no readings. */
  know(meterId: string, profile: Profile | MeterRefusal): void;
  /** Reads the records of meters that were unknown. */
  resume(): void;
  /** How many readings were read since they were last taken. */
  waiting(): number;
  /** The readings since the last call, by meter, each in the order of the upload. */
  take(): readonly MeterBatch[];
  /** A place of a batch as an answer shows it. */
  placeOf(place: number): Place;
  /** How many records were rejected so far, and the first 100 of them. */
  rejected(): { readonly count: number; readonly first: readonly MeterReject[] };
  /** Every meter of the upload so far, in the order of its first record. */
  meters(): readonly MeterNotes[];
  /** The first 100 intervals for which a register has no energy. */
  breaks?(): readonly RegisterBreak[];
  /** The lines before a header, each cut to 100 characters; only a form with a header has it. */
  preamble?(): readonly string[];
  /** Ignored columns whose names say why they are; the first 100. */
  leftOut?(): readonly LeftOut[];
  /** Whether everything before a wrong end of the upload is stored, even if it is short. */
  readonly keepsBeginning?: boolean;
  /** What the upload says about its readings; without it there is nothing to say. */
  notes?(): FileNotes;
}

/**
 * A reader of the readings in one upload, in any of the forms that an upload may have.
 *
 * @module
 */

import type { Place, RecordReader } from "../text/upload_reader.ts";
import type { UploadBatch } from "./repeats.ts";

/** Reads one upload of readings of a series. */
export interface UploadReader extends RecordReader {
  /** How many readings were read since they were last taken. */
  waiting(): number;
  /** The readings since the last call, in the order of the upload. */
  take(): UploadBatch;
  /** A place of a batch as an answer shows it. */
  placeOf(place: number): Place;
}

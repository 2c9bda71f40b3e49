/**
 * What an import did, as the answer says it.
 *
 * @module
 */

import type { Repeat } from "../../data/imports/repeats.ts";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { ImportResult } from "./import_readings.ts";
import type { ImportReport, ManyImportReport, UploadNotes } from "./import_report_schemas.ts";

/** An import that has ended. */
export interface EndedImport {
  /** What it did. */
  readonly result: ImportResult;
  /** Whether nothing was written. */
  readonly isDryRun: boolean;
}

/** The answer to an upload of one meter. */
export function oneReport(id: string, { result, isDryRun }: EndedImport): ImportReport {
  const { reader } = result;
  return {
    smart_meter_id: id,
    dry_run: isDryRun,
    ...result.counts,
    rejects: reader.rejected().first.map(({ meterId: _meterId, ...reject }) => reject),
    repeats: result.repeats.map((repeat) => repeatBody(repeat, reader)),
    ambiguous: result.meters.reduce((sum, { notes }) => sum + notes.ambiguous, 0),
    ...notesOf(reader),
  };
}

/** The answer to an upload of many meters. */
export function manyReport({ result, isDryRun }: EndedImport): ManyImportReport {
  const { reader } = result;
  return {
    dry_run: isDryRun,
    ...result.counts,
    meters: result.meters.map(({ notes, counts }) => ({
      smart_meter_id: notes.meterId,
      ...counts,
      ambiguous: notes.ambiguous,
      problem: notes.refusal?.rule ?? null,
      rejects: [...notes.rejects],
    })),
    rejects: reader.rejected().first.map(({ meterId, ...reject }) => (
      { smart_meter_id: meterId, ...reject }
    )),
    repeats: result.repeats.map((repeat) => (
      { smart_meter_id: repeat.meterId, ...repeatBody(repeat, reader) }
    )),
    ...notesOf(reader),
  };
}

/** What the upload has besides its readings. */
function notesOf(reader: ManyMetersReader): UploadNotes {
  const { quality = {}, leftOut = [], doubts = [] } = reader.notes?.() ?? {};
  const seriesLeftOut = leftOut.map(({ name, ...rest }) => ({ series: name, ...rest }));
  return {
    ignored_columns: [...reader.ignored()],
    left_out: [...reader.leftOut?.() ?? [], ...seriesLeftOut],
    preamble: [...reader.preamble?.() ?? []],
    ...(Object.keys(quality).length > 0 ? { quality: { ...quality } } : {}),
    ...(doubts.length > 0 ? { doubts: [...doubts] } : {}),
  };
}

function repeatBody({ place, timeMs }: Repeat, { placeOf }: Pick<ManyMetersReader, "placeOf">) {
  return { ...placeOf(place), timestamp: instantText(timeMs) };
}

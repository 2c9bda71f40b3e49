/**
 * What an import did, as the answer says it.
 *
 * @module
 */

import type { Repeat } from "../../data/imports/repeats.ts";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { ImportResult } from "./import_readings.ts";
import type { ImportReport, ManyImportReport } from "./import_report_schemas.ts";

/** An import that has ended. */
export interface EndedImport {
  /** What it did. */
  readonly result: ImportResult;
  /** What read the upload. */
  readonly reader: Pick<
    ManyMetersReader,
    "rejected" | "ignored" | "placeOf" | "leftOut" | "preamble"
  >;
  /** Whether nothing was written. */
  readonly isDryRun: boolean;
}

/** The answer to an upload of one meter. */
export function oneReport(id: string, { result, reader, isDryRun }: EndedImport): ImportReport {
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
export function manyReport({ result, reader, isDryRun }: EndedImport): ManyImportReport {
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

function notesOf(reader: EndedImport["reader"]) {
  return {
    ignored_columns: [...reader.ignored()],
    left_out: [...reader.leftOut?.() ?? []],
    preamble: [...reader.preamble?.() ?? []],
  };
}

function repeatBody({ place, timeMs }: Repeat, { placeOf }: Pick<ManyMetersReader, "placeOf">) {
  return { ...placeOf(place), timestamp: instantText(timeMs) };
}

/**
 * What an import did, as the answer says it.
 *
 * @module
 */

import type { LeftOutKind } from "../../data/imports/interval_stage.ts";
import type { MeterNotes } from "../../data/imports/meter_rows.ts";
import type { Repeat } from "../../data/imports/repeats.ts";
import { placeIn, type UploadSummary } from "../../data/imports/upload_summary.ts";
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
  const { summary } = result;
  return {
    smart_meter_id: id,
    dry_run: isDryRun,
    ...result.counts,
    rejects: summary.rejects.map(({ meterId: _meterId, ...reject }) => reject),
    repeats: result.repeats.map((repeat) => repeatBody(repeat, summary)),
    ambiguous: result.meters.reduce((sum, { notes }) => sum + notes.ambiguous, 0),
    ...breakCounts(result.meters[0]?.notes),
    breaks: breaksOf(summary).map(({ smart_meter_id: _id, ...rest }) => rest),
    ...notesOf(result),
  };
}

/** The answer to an upload of many meters. */
export function manyReport({ result, isDryRun }: EndedImport): ManyImportReport {
  const { summary } = result;
  return {
    dry_run: isDryRun,
    ...result.counts,
    meters: result.meters.map(({ notes, counts }) => ({
      smart_meter_id: notes.meterId,
      ...counts,
      ambiguous: notes.ambiguous,
      ...breakCounts(notes),
      left_out: recordsLeftOut(notes.leftOut),
      problem: notes.refusal?.rule ?? null,
      rejects: [...notes.rejects],
    })),
    rejects: summary.rejects.map(({ meterId, ...reject }) => (
      { smart_meter_id: meterId, ...reject }
    )),
    repeats: result.repeats.map((repeat) => (
      { smart_meter_id: repeat.meterId, ...repeatBody(repeat, summary) }
    )),
    breaks: breaksOf(summary),
    ...notesOf(result),
  };
}

/** Why records give no reading. */
const REASONS: Readonly<Record<LeftOutKind, string>> = {
  gap: "the next reading of the register is missing",
  reset: "the register fell until the next reading: it was reset, or the meter was exchanged",
  rollover: "the register began at 0 again until the next reading",
  jump: "the register rose as no load does until the next reading: the meter was exchanged",
  missing: "the register has no value",
  last: "the last reading of a register only ends an interval",
  order: "a reading of a register against the order of the others",
  "other meter": "the record is of another meter",
  "same time": "another reading of the register has the same time",
};

function recordsLeftOut(leftOut: MeterNotes["leftOut"]) {
  return [...leftOut].map(([kind, records]) => ({ records, reason: REASONS[kind] }));
}

function breakCounts(notes: MeterNotes | undefined) {
  const { gap = 0, reset = 0, rollover = 0, jump = 0 } = notes?.breaks ?? {};
  return { gaps: gap, resets: reset, rollovers: rollover, jumps: jump };
}

function breaksOf(summary: UploadSummary) {
  return summary.breaks.map(({ meterId, kind, place, timeMs }) => (
    { ...placeIn(summary, place), smart_meter_id: meterId, kind, timestamp: instantText(timeMs) }
  ));
}

/** Records without a reading, of all meters together. */
function allLeftOut({ meters }: ImportResult) {
  const all = new Map<LeftOutKind, number>();
  for (const { notes: { leftOut } } of meters) {
    for (const [kind, records] of leftOut) all.set(kind, (all.get(kind) ?? 0) + records);
  }
  return recordsLeftOut(all);
}

/** What the upload has besides its readings. */
function notesOf(result: ImportResult): UploadNotes {
  const { ignored, leftOut: columns, preamble, notes: { quality, leftOut, doubts } } =
    result.summary;
  const seriesLeftOut = leftOut.map(({ name, ...rest }) => ({ series: name, ...rest }));
  return {
    ignored_columns: [...ignored],
    left_out: [...columns, ...seriesLeftOut, ...allLeftOut(result)],
    preamble: [...preamble],
    ...(Object.keys(quality).length > 0 ? { quality: { ...quality } } : {}),
    ...(doubts.length > 0 ? { doubts: [...doubts] } : {}),
  };
}

function repeatBody({ place, timeMs }: Repeat, summary: UploadSummary) {
  return { ...placeIn(summary, place), timestamp: instantText(timeMs) };
}

/**
 * Readings from the bytes of a NEM12 file: interval data of Australian meters (AEMO, Meter Data File
 * Format Specification NEM12 & NEM13).
 *
 * | record | what is done with it                                                                |
 * | ------ | ----------------------------------------------------------------------------------- |
 * | 100    | must say NEM12; a file may have several                                             |
 * | 200    | begins a series: its id is `NMI_suffix`, as in `VABD000163_E1`                        |
 * | 300    | a day of interval values                                                            |
 * | 400    | the quality of intervals of the day before it                                       |
 * | 500    | skipped: reads of the register                                                      |
 * | 900    | the end; a file without it was cut                                                  |
 *
 * Times are UTC+10 all year, and a reading has the start of its interval. An interval of quality N
 * gives no reading. What is wrong in a record is rejected with its line and never stops the others.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import type { ColumnMeaning } from "../imports/dialect.ts";
import type { MeterRow } from "../imports/meter_rows.ts";
import { rangeRule } from "../imports/reading_row.ts";
import { QUOTED_VALUE_MAX, RECORD_MAX_BYTES } from "../limits.ts";
import { csvFields } from "../text/csv_fields.ts";
import { wrongHeader } from "../text/wrong_header.ts";
import { oldestRule } from "../time/accepted_times.ts";
import { createFileNotes } from "../imports/file_notes.ts";
import { createMeterChoice } from "./meter_choice.ts";
import type { MeterFileOptions, MeterFileReader } from "./meter_file.ts";
import { createDayBuffer, type DayBuffer, type DayTarget, INTERVAL_MINUTES } from "./nem12_day.ts";
import { createPausableRecords } from "./pausable_records.ts";
import { readSeries } from "./nem12_series.ts";
import { metricOfUnit, usualUnit } from "./units_of_metrics.ts";

const CR = 13, COMMA = 44, ZERO = 48, THREE = 51;
const TOO_LONG = `at most ${RECORD_MAX_BYTES} bytes`;
const REFUSED = "its 200 record was rejected";
const KINDS: ReadonlySet<string> = new Set(["100", "200", "300", "500", "900"]);
const RECORDS_RULE = "a record that begins with 100, 200, 300, 400, 500 or 900";

/** The series of the last 200 record. */
interface OpenSeries {
  /** Its id in the file. */
  readonly id: string;
  /** The row of its meter; null if its readings are left out for `reason`. */
  readonly row: MeterRow | null;
  readonly meterId: string;
  readonly reason: string;
  readonly meaning: ColumnMeaning;
  readonly days: DayBuffer;
}

/** A reader of the meters of a NEM12 file. */
export function createNem12Reader(
  { rows, meterId, register = null, oldestMs }: MeterFileOptions,
): MeterFileReader {
  const choice = createMeterChoice(meterId, register);
  const notes = createFileNotes();
  const buffers = new Map(INTERVAL_MINUTES.map((minutes) => [minutes, createDayBuffer(minutes)]));
  /** Takes the 400 records that no day comes before. */
  const noDays = createDayBuffer(INTERVAL_MINUTES[INTERVAL_MINUTES.length - 1]);
  const decoder = new TextDecoder();
  let series: OpenSeries | null = null;
  let isBegun = false, isEnded = false;
  let dayLine = 0;

  /** Where the intervals of a day go. Only a series with a row has one. */
  const target: DayTarget = {
    onValue(timeMs, value, interval) {
      if (series === null || series.row === null) return;
      const { row, meaning } = series;
      row.clear();
      if (!row.set(meaning, value)) {
        const rule = rangeRule(row.profile.metrics[meaning.metric]);
        rejectInterval(interval, String(value.value), rule);
      } else if (!row.add(timeMs, dayLine)) {
        rejectInterval(interval, String(value.value), oldestRule({ oldestMs }));
      }
    },
    onMissing: (interval) =>
      rejectInterval(interval, "", "a decimal number; only intervals of quality N have none"),
    onQuality: notes.addQuality,
  };

  function rejectInterval(interval: number, value: string, rule: string): void {
    reject({ field: `IntervalValue${interval}`, value, rule }, dayLine);
  }

  function reject(problem: Parameters<typeof rows.reject>[1], line: number): void {
    rows.reject({ line }, problem, series?.row == null ? null : series.meterId);
  }

  function finishDay(): void {
    series?.days.finish(target);
  }

  /** Begins the series of a 200 record. False if its meter is not known yet. */
  function begin(fields: readonly string[], line: number): boolean {
    const found = readSeries(fields);
    series = null;
    const { minutes } = found;
    const days = buffers.get(minutes) ?? noDays;
    const meaning = { metric: 0, exponent: 0 };
    const leftOut = { id: found.id, row: null, meterId: "", meaning, days };
    if (found.problem !== null) {
      reject({ field: null, value: fields.join(","), rule: found.problem }, line);
      series = { ...leftOut, reason: REFUSED };
      return true;
    }
    const chosen = choice.meterOf({ group: found.nmi, id: found.id });
    if ("reason" in chosen) {
      series = { ...leftOut, ...chosen };
      return true;
    }
    const row = rows.of(chosen.meterId);
    if (row === null) return false;
    if ("rule" in row) series = { ...leftOut, reason: row.rule };
    else series = seriesOf(row, { ...leftOut, ...chosen, uom: found.uom });
    return true;
  }

  function onDay(fields: readonly string[], line: number): void {
    if (series === null) {
      const rule = "a 200 record before the 300 record";
      return reject({ field: null, value: fields.join(","), rule }, line);
    }
    const { row, id, reason, days } = series;
    if (row === null) return notes.leaveOut(id, reason, days.intervals);
    dayLine = line;
    const wrong = days.read(fields, (problem) => reject(problem, line));
    if (wrong !== null) reject(wrong, line);
  }

  /** Reads a record of any kind. False if it belongs to a meter that is not known yet. */
  function onFields(fields: readonly string[], line: number): boolean {
    const kind = fields[0];
    if (kind === "400") {
      const isLeftOut = series !== null && series.row === null;
      const wrong = isLeftOut ? null : (series?.days ?? noDays).setQuality(fields);
      if (wrong !== null) reject(wrong, line);
      return true;
    }
    if (!KINDS.has(kind)) {
      // It may be the beginning of a 400 record in a file that was cut, so the day stays open.
      reject({ field: null, value: fields.join(","), rule: RECORDS_RULE }, line);
      return true;
    }
    finishDay();
    isEnded = kind === "900";
    if (kind === "200") return begin(fields, line);
    if (kind === "300") onDay(fields, line);
    else if (kind === "100") requireNem12(fields, line);
    else if (isEnded) series = null;
    return true;
  }

  /** Reads a plain 300 record and returns the index of its LF, at most `limit`; or -1. */
  function scanDay(bytes: Uint8Array, start: number, limit: number, line: number): number {
    const isDay = bytes[start] === THREE && bytes[start + 1] === ZERO &&
      bytes[start + 2] === ZERO && bytes[start + 3] === COMMA;
    if (!isDay || series === null || series.row === null) return -1;
    finishDay();
    dayLine = line;
    isEnded = false;
    return series.days.scan(bytes, start + 4, limit);
  }

  /** Reads a record of any kind. False as `onFields()` returns it. */
  function readRecord(
    bytes: Uint8Array,
    { start, end }: { start: number; end: number },
    line: number,
  ): boolean {
    const textEnd = end > start && bytes[end - 1] === CR ? end - 1 : end;
    const text = decoder.decode(bytes.subarray(start, textEnd)).trim();
    if (text === "") return true;
    const fields = csvFields(text, ",")?.map((field) => field.trim());
    if (!isBegun) requireBeginning(text, fields?.[0]);
    isBegun = true;
    if (fields !== undefined) return onFields(fields, line);
    reject({ field: null, value: text, rule: "quotes closed as in RFC 4180" }, line);
    return true;
  }

  function finish(): void {
    if (!isEnded && series !== null && series.days.isOpen()) {
      series.days.drop();
      const rule = "400 records for every interval of quality V; the file ends before them";
      reject({ field: null, value: "300", rule }, dayLine);
    }
    finishDay();
    if (!isBegun) requireBeginning("", undefined);
    rows.close();
    if (!isEnded) throw cutShort();
  }

  const records = createPausableRecords({
    maxBytes: RECORD_MAX_BYTES,
    delimiter: ",",
    readPlain: scanDay,
    readRecord,
    onTooLong: (value, line) => reject({ field: null, value, rule: TOO_LONG }, line),
    onEnd: finish,
  });

  return {
    ...records,
    unknown: rows.unknown,
    know: rows.know,
    waiting: rows.waiting,
    take: rows.take,
    placeOf: (line) => ({ line }),
    rejected: rows.rejected,
    meters: rows.meters,
    ignored: () => [],
    keepsBeginning: true,
    notes: notes.all,
  };
}

/** The series of a meter; without a row if the meter has no metric with its unit. */
function seriesOf(
  row: MeterRow,
  { uom, ...rest }: Omit<OpenSeries, "row" | "reason"> & { uom: string },
): OpenSeries {
  const meaning = metricOfUnit(row.profile, usualUnit(uom));
  if (meaning !== null) return { ...rest, row, meaning, reason: "" };
  const units = [...new Set(row.profile.metrics.map(({ unit }) => unit))].join(", ");
  return { ...rest, row: null, reason: `no metric has the unit ${uom}; the meter has ${units}` };
}

/** @throws {AppError} INVALID_REQUEST if the first record is not one of NEM12. */
function requireBeginning(text: string, kind: string | undefined): void {
  if (kind === "100" || kind === "200") return;
  throw wrongHeader(text, [["A NEM12 file begins with a 100 record", "100,NEM12,…"]]);
}

/** @throws {AppError} INVALID_REQUEST if a 100 record is not that of NEM12. */
function requireNem12(fields: readonly string[], line: number): void {
  const version = fields[1] ?? "";
  if (version.toUpperCase() === "NEM12") return;
  const isNem13 = version.toUpperCase() === "NEM13";
  const detail = isNem13
    ? "This is NEM13: reads of registers that are months apart, not interval data; ask for NEM12"
    : "The 100 record must say NEM12";
  const value = fields.join(",").slice(0, QUOTED_VALUE_MAX);
  throw new AppError("INVALID_REQUEST", detail, {
    errors: [{ pointer: `#line=${line}`, detail, value, rule: "100,NEM12,…" }],
  });
}

function cutShort(): AppError {
  return new AppError("MALFORMED_BODY", "The file ends without a 900 record: it was cut", {
    details: "What it has is stored; send the whole file to complete it",
  });
}

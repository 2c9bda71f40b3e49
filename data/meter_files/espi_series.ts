/**
 * The series of a document of ESPI: where the readings of each meter reading go.
 *
 * | a series  | its readings                 | until                                               |
 * | --------- | ---------------------------- | --------------------------------------------------- |
 * | `waiting` | wait, at most 500,000 in all | its reading type and the profile of its meter are known |
 * | `open`    | go to the rows of its meter  | the end                                             |
 * | `out`     | are counted                  | the end                                             |
 *
 * The id of a series is that of its usage point, with `_received` for energy that flows back, and what
 * else tells series of one usage point apart. Series with the same id are metrics of one meter.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import type { ColumnMeaning } from "../imports/dialect.ts";
import type { UploadZone } from "../imports/time_options.ts";
import type { MeterRow, MeterRows } from "../imports/meter_rows.ts";
import { rangeRule } from "../imports/reading_row.ts";
import { decimalText } from "../readings/decimal.ts";
import type { Decimal } from "../text/decimal_fields.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";
import { oldestRule } from "../time/accepted_times.ts";
import type { WallTime } from "../time/time_text.ts";
import type { EspiLinks, MeterReading } from "./espi_links.ts";
import type { FileNoteTaker } from "../imports/file_notes.ts";
import { createHeldReadings, type HeldReadings, type TakeReading } from "./held_readings.ts";
import { createMeterChoice } from "./meter_choice.ts";
import { isRegister, type ReadingType, seriesSuffix, unitOf } from "./reading_type.ts";
import { metricOfUnit } from "./units_of_metrics.ts";

/** The most readings that wait at once. */
export const HELD_READINGS_MAX = 500_000;

/** What the series need. */
export interface EspiSeriesOptions {
  /** The meter that the upload is for; null if the file carries the ids. */
  readonly meterId: string | null;
  /** The series that this meter takes, by its id in the file. */
  readonly register?: string | null;
  /** Where readings go. */
  readonly rows: MeterRows;
  /** Earlier times are rejected, epoch milliseconds. */
  readonly oldestMs: number;
  /** The zone of times that the exporter wrote as if they were UTC, as in the rules of `rows`; or null. */
  readonly zone: UploadZone | null;
  /** What belongs together in the document. */
  readonly links: EspiLinks;
  /** Takes what is left out. */
  readonly notes: FileNoteTaker;
}

/** The readings of one meter reading. */
export interface EspiSeries {
  /** Takes a reading. */
  readonly take: TakeReading;
  /** Makes the row, which meters share, that of this series again. */
  select(): void;
  /** Rejects a reading. */
  reject(field: string, value: string, rule: string, line: number): void;
}

/** All series of one document. */
export interface AllEspiSeries {
  /** The series of a meter reading. */
  of(reading: MeterReading): EspiSeries;
  /** Counts readings that wait elsewhere; throws if all together are too many. */
  hold(readings: number): void;
  /** Opens the series of which everything is known. At the end it leaves out the others. */
  settle(isEnd: boolean): void;
}

/** The target of an open series. */
interface Target {
  readonly meterId: string;
  readonly row: MeterRow;
  readonly meaning: ColumnMeaning;
}

type OneSeries = EspiSeries & { readonly state: SeriesState };

interface SeriesState {
  readonly reading: MeterReading;
  readonly held: HeldReadings;
  /** What is rejected of it while it waits. */
  readonly wrong: (() => void)[];
  target: Target | null;
  /** Why its readings are left out, with its id; null if they are not. */
  out: { readonly id: string; readonly reason: string } | null;
}

/** Series of a document without readings. */
export function createEspiSeries(options: EspiSeriesOptions): AllEspiSeries {
  const { rows, oldestMs, zone, links, notes } = options;
  const choice = createMeterChoice(options.meterId, options.register ?? null);
  const all = new Map<MeterReading, OneSeries>();
  const waiting = new Set<OneSeries>();
  /** The interval of each unit of each id, seconds: one id cannot mix days and hours. */
  const intervals = new Map<string, number>();
  const decimal: Decimal = { value: 0, scale: 0 };
  let heldCount = 0;

  function hold(readings: number): void {
    heldCount += readings;
    if (heldCount > HELD_READINGS_MAX) throw tooManyHeld();
  }

  /** The id of a series of this type; it is unique for each metric. */
  function idOf(group: string, type: ReadingType): string {
    const id = `${group}${seriesSuffix(type)}`;
    const { uom, intervalLength: length } = type;
    const known = intervals.get(`${id} ${uom}`) ?? NaN;
    if (known !== known) intervals.set(`${id} ${uom}`, length);
    return known === known && length === length && known !== length ? `${id}_${length}s` : id;
  }

  /** Finds where a series goes. It stays as it is if something is not known yet. */
  function open(state: SeriesState, isEnd: boolean): void {
    const { reading } = state;
    const type = links.typeOf(reading, isEnd);
    const group = links.usagePointId(reading);
    const leaveOut = (reason: string, id = group) => state.out = { id, reason };
    if (type === null) {
      if (isEnd) leaveOut("no ReadingType says what its values are");
      return;
    }
    const unit = unitOf(type);
    const suffixed = `${group}${seriesSuffix(type)}`;
    if ("reason" in unit) return void leaveOut(unit.reason, suffixed);
    if (isRegister(type)) {
      const reason = `reads of a register (accumulationBehaviour ${type.accumulationBehaviour})`;
      return void leaveOut(reason, suffixed);
    }
    const id = idOf(group, type);
    const chosen = choice.meterOf({ group, id });
    if ("reason" in chosen) return void leaveOut(chosen.reason, id);
    const row = rows.of(chosen.meterId);
    if (row === null) return;
    if ("rule" in row) return void leaveOut(row.rule, id);
    const meaning = metricOfUnit(row.profile, unit.unit, unit.exponent);
    if (meaning === null) return void leaveOut(`the meter has no metric in ${unit.unit}`, id);
    state.target = { meterId: chosen.meterId, row, meaning };
  }

  function addTo(
    { meterId, row, meaning }: Target,
    seconds: number,
    value: number,
    scale: number,
    line: number,
  ): void {
    const timeMs = seconds * 1000;
    decimal.value = value;
    decimal.scale = scale;
    row.clear();
    if (!row.set(meaning, decimal)) {
      const rule = rangeRule(row.profile.metrics[meaning.metric]);
      reject(meterId, { field: "value", value: decimalText(value, scale), rule }, line);
    } else if (!(zone === null ? row.add(timeMs, line) : row.addAt(wallOf(timeMs), line))) {
      const isOld = !(timeMs >= oldestMs) || zone === null;
      const rule = isOld ? oldestRule({ oldestMs }) : `a time that the clocks of ${zone.name} show`;
      reject(meterId, { field: "start", value: String(seconds), rule }, line);
    }
  }

  function reject(
    meterId: string | null,
    problem: { field: string; value: string; rule: string },
    line: number,
  ): void {
    rows.reject({ line }, problem, meterId);
  }

  function create(reading: MeterReading): OneSeries {
    const held = createHeldReadings();
    const state: SeriesState = { reading, held, wrong: [], target: null, out: null };
    const series: OneSeries = {
      state,
      take(seconds, value, scale, line) {
        if (state.target !== null) addTo(state.target, seconds, value, scale, line);
        else if (state.out !== null) notes.leaveOut(state.out.id, state.out.reason, 1);
        else {
          hold(1);
          held.add(seconds, value, scale, line);
        }
      },
      select() {
        if (state.target !== null) rows.of(state.target.meterId);
      },
      reject(field, value, rule, line) {
        const problem = { field, value: value.slice(0, QUOTED_VALUE_MAX), rule };
        const add = () => reject(state.target?.meterId ?? null, problem, line);
        if (!waiting.has(series)) return add();
        hold(1);
        state.wrong.push(add);
      },
    };
    return series;
  }

  /** Opens a series and hands on what waits, if everything is known of it. */
  function settleOne(series: OneSeries, isEnd: boolean): void {
    const { state, take, select } = series;
    open(state, isEnd);
    if (state.target === null && state.out === null) return;
    waiting.delete(series);
    select();
    heldCount -= state.held.length() + state.wrong.length;
    state.held.drain(take);
    for (const reject of state.wrong.splice(0)) reject();
  }

  return {
    of(reading) {
      let series = all.get(reading);
      if (series === undefined) {
        series = create(reading);
        all.set(reading, series);
        waiting.add(series);
      }
      if (waiting.has(series)) settleOne(series, false);
      series.select();
      return series;
    },
    hold,
    settle(isEnd) {
      for (const series of [...waiting]) settleOne(series, isEnd);
    },
  };
}

/** A time that was written as if local time were UTC. */
function wallOf(wallMs: number): WallTime {
  return { wallMs, offsetMs: NaN };
}

function tooManyHeld(): AppError {
  const detail =
    `A file of ESPI must have the ReadingType of a MeterReading, and the links of an entry, before ` +
    `its readings if these are more than ${HELD_READINGS_MAX}`;
  return new AppError("INVALID_REQUEST", detail, { errors: [{ pointer: "#ReadingType", detail }] });
}

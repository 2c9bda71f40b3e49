/**
 * From the values of a meter's rows to those of the intervals between them: differences of registers,
 * and powers and energies computed from each other.
 *
 * A row stands for the interval from its time to that of the next later row. The energy of a register
 * is the difference of the two. There is none where it could be wrong:
 *
 * | there is            | when                                                                     |
 * | ------------------- | ------------------------------------------------------------------------ |
 * | a gap               | the next row has no value, or is more than 1.5 intervals away             |
 * | a reset             | the register fell: it was reset, or the meter was exchanged               |
 * | a rollover          | it fell from its last tenth to its first, where it is known to begin anew |
 * | a jump              | it rose as no load does: the meter was exchanged                          |
 *
 * Rows may ascend or descend; a row against the order of its meter is left out. A row is held until the
 * next one, and the first ones until the length of an interval is known.
 *
 * @module
 */

import { DAY_MS, HOUR_MS } from "../limits.ts";
import { powerOfTen, toNumber } from "../readings/decimal.ts";
import { concatPages, type Page, slicePage } from "../readings/page.ts";
import { createPageBuilder } from "../readings/page_builder.ts";
import type { Metric } from "../readings/profile.ts";
import type { Decimal } from "../text/decimal_fields.ts";
import { difference, product } from "../text/decimal_math.ts";
import type { DerivedMetric, IntervalRules } from "./interval_rules.ts";
import type { UploadBatch } from "./repeats.ts";

/** Why a row has no energy of its register. */
export type BreakKind = "gap" | "reset" | "rollover" | "jump";

/** Why a row gives no reading. */
export type LeftOutKind = BreakKind | "missing" | "last" | "order" | "same time" | "other meter";

/** What happens to rows that give no reading, or none of their register. */
export interface IntervalEvents {
  /** A register has no energy for the interval of a row. */
  onBreak(kind: BreakKind, place: number, timeMs: number): void;
  /** A row gives no reading. */
  onLeftOut(kind: LeftOutKind, place: number): void;
  /** The value of an interval is outside the range of its metric. */
  onOutOfRange(metric: number, value: Readonly<Decimal>, place: number): void;
}

/** The intervals of one meter. */
export interface IntervalStage {
  /** Takes the meter's next rows; returns the readings whose intervals are complete. */
  next(batch: UploadBatch): UploadBatch;
  /** Returns the readings of the rows that are held: there are no more rows. */
  end(): UploadBatch;
}

/** Rows that show the length of an interval: the middle one of the times between them. */
const FIRST_ROWS = 10;
/** A next row further away than so many intervals leaves a gap. */
const GAP_INTERVALS = 1.5;
/**
 * A rise is a jump if it takes this power, and this many times the largest power before: an exchanged
 * meter that begins with a higher value looks like that, and no load does.
 */
const JUMP_MIN_KW = 1_000, JUMP_FACTOR = 1_000;
/** Units of energy in kWh. Registers of anything else are not looked at for jumps. */
const KILO_UNITS: ReadonlyMap<string, number> = new Map([["Wh", 0.001], ["kWh", 1], ["MWh", 1000]]);
/** Decimals of computed values that are no finite decimals. */
const DERIVED_DECIMALS = 6;

/** The intervals of a meter without rows. */
export function createIntervalStage(
  metrics: readonly Metric[],
  rules: IntervalRules,
  { exponents, events }: {
    /** The power of ten from the unit of each metric's column to that of the metric. */
    exponents: Int8Array;
    events: IntervalEvents;
  },
): IntervalStage {
  const builder = createPageBuilder(metrics.length, 16);
  const values = new Float64Array(metrics.length);
  const scales = new Int8Array(metrics.length);
  const maxPowers = new Float64Array(metrics.length);
  let held: UploadBatch | null = null;
  let stepMs = rules.intervalMs;
  let direction = 0;
  let places: number[] = [];

  /** The energy of a register between two rows of a page, or why there is none. */
  function registerEnergy(
    page: Page,
    { metric, from, to, lengthMs }: { metric: number; from: number; to: number; lengthMs: number },
  ): Decimal | BreakKind | "missing" {
    const { values, scale } = page.columns[metric];
    const first = values[from], last = values[to];
    if (first !== first) return "missing";
    if (last !== last || lengthMs > GAP_INTERVALS * stepMs) return "gap";
    if (last < first) {
      return isRollover(toNumber(first, scale), toNumber(last, scale), metric)
        ? "rollover"
        : "reset";
    }
    const energy = difference(last, first, scale);
    return isJump(energy, metric, lengthMs) ? "jump" : energy;
  }

  function isJump({ value, scale }: Decimal, metric: number, lengthMs: number): boolean {
    const kilo = KILO_UNITS.get(metrics[metric].unit);
    if (kilo === undefined) return false;
    const powerKw = toNumber(value, scale) * kilo / (lengthMs / HOUR_MS);
    const max = maxPowers[metric];
    if (max > 0 && powerKw > JUMP_MIN_KW && powerKw > JUMP_FACTOR * max) return true;
    maxPowers[metric] = Math.max(max, powerKw);
    return false;
  }

  function isRollover(first: number, last: number, metric: number): boolean {
    if (rules.rollover === null) return false;
    const exponent = exponents[metric];
    const size = exponent < 0
      ? rules.rollover / powerOfTen(-exponent)
      : rules.rollover * powerOfTen(exponent);
    return first >= 0.9 * size && first < size && last < 0.1 * size;
  }

  /** The length of the interval of a row whose next later row is another one, or none. */
  function lengthOf(timesMs: Float64Array, row: number, next: number): number {
    if (next < 0) return stepMs;
    const toNextMs = timesMs[next] - timesMs[row];
    // Days on a clock have 23 or 25 hours twice a year.
    const isDays = stepMs % DAY_MS === 0 && Math.abs(toNextMs - stepMs) <= HOUR_MS;
    if (rules.intervalMs > 0) return isDays ? toNextMs : stepMs;
    return toNextMs <= GAP_INTERVALS * stepMs ? toNextMs : stepMs;
  }

  /** Emits the reading of a row; `next` is the next later row, or -1. */
  function emit({ page, places: givenPlaces }: UploadBatch, row: number, next: number): void {
    const { timesMs } = page;
    const place = givenPlaces[row];
    let leftOut: LeftOutKind = "missing";
    page.columns.forEach((column, metric) => {
      values[metric] = column.values[row];
      scales[metric] = column.scale;
    });
    for (const metric of rules.registers) {
      const lengthMs = next < 0 ? 0 : timesMs[next] - timesMs[row];
      const energy = next < 0
        ? "last"
        : registerEnergy(page, { metric, from: row, to: next, lengthMs });
      const isMissing = values[metric] !== values[metric];
      values[metric] = NaN;
      if (typeof energy !== "string") set(metric, energy);
      else if (energy !== "missing" && !isMissing) {
        leftOut = energy;
        if (energy !== "last") events.onBreak(energy, place, timesMs[row]);
      }
    }
    const lengthMs = lengthOf(timesMs, row, next);
    for (const derived of rules.derived) derive(derived, lengthMs);
    const wrong = metrics.findIndex(({ min, max }, metric) => {
      const value = toNumber(values[metric], scales[metric]);
      return value < min || value > max;
    });
    if (wrong >= 0) {
      return events.onOutOfRange(wrong, { value: values[wrong], scale: scales[wrong] }, place);
    }
    const isEmpty = values.every((value) => value !== value);
    if (isEmpty && rules.registers.length > 0) return events.onLeftOut(leftOut, place);
    builder.add(timesMs[row], values, scales);
    places.push(place);
  }

  function set(metric: number, { value, scale }: Decimal): void {
    values[metric] = value;
    scales[metric] = scale;
  }

  /** Computes a metric, unless the row has it or lacks the one that it is computed from. */
  function derive({ metric, from, isEnergy, exponent }: DerivedMetric, lengthMs: number): void {
    const isThere = values[metric] === values[metric];
    if (isThere || values[from] !== values[from] || !(lengthMs > 0)) return;
    const [over, under] = isEnergy ? [lengthMs, HOUR_MS] : [HOUR_MS, lengthMs];
    const fraction = exponent <= 0
      ? { over: over * powerOfTen(-exponent), under }
      : { over, under: under * powerOfTen(exponent) };
    set(metric, product({ value: values[from], scale: scales[from] }, fraction, DERIVED_DECIMALS));
  }

  /** A row whose next one is not known. What is no register needs none. */
  function leaveOut(kind: LeftOutKind, batch: UploadBatch, row: number): void {
    if (rules.registers.length > 0) events.onLeftOut(kind, batch.places[row]);
    else emit(batch, row, -1);
  }

  /** Emits what is complete in some rows and returns those that are not. */
  function consume(batch: UploadBatch, isLast: boolean): UploadBatch | null {
    const { timesMs } = batch.page;
    let row = 0;
    for (let next = 1; next < timesMs.length; next++) {
      const sign = Math.sign(timesMs[next] - timesMs[row]);
      if (sign === 0) {
        // Of rows that descend, the first one of a time is emitted already.
        leaveOut("same time", batch, direction < 0 ? next : row);
        if (direction >= 0) row = next;
        continue;
      }
      if (direction === 0) {
        direction = sign;
        // Of rows that descend, the first one has no later row.
        if (sign < 0) emit(batch, row, -1);
      }
      if (sign !== direction) {
        leaveOut("order", batch, next);
        continue;
      }
      if (sign > 0) emit(batch, row, next);
      else emit(batch, next, row);
      row = next;
    }
    if (isLast && direction >= 0) emit(batch, row, -1);
    return isLast ? null : tail(batch, row);
  }

  function take(): UploadBatch {
    const taken = Float64Array.from(places);
    places = [];
    return { page: builder.take(), places: taken };
  }

  return {
    next(batch) {
      if (batch.page.timesMs.length === 0) return take();
      const all = held === null ? batch : joined(held, batch);
      const { timesMs } = all.page;
      if (stepMs === 0 && timesMs.length < FIRST_ROWS) held = all;
      else {
        if (stepMs === 0) stepMs = middleStep(timesMs.subarray(0, FIRST_ROWS));
        held = consume(all, false);
      }
      return take();
    },
    end() {
      if (held !== null) {
        if (stepMs === 0) stepMs = middleStep(held.page.timesMs);
        consume(held, true);
        held = null;
      }
      return take();
    },
  };
}

/** The rows of a batch from an index on, in memory of their own. */
function tail({ page, places }: UploadBatch, row: number): UploadBatch {
  const last = slicePage(page, row, row + 1);
  return {
    page: {
      timesMs: last.timesMs.slice(),
      columns: last.columns.map(({ scale, values }) => ({ scale, values: values.slice() })),
    },
    places: places.slice(row, row + 1),
  };
}

function joined(one: UploadBatch, other: UploadBatch): UploadBatch {
  const places = new Float64Array(one.places.length + other.places.length);
  places.set(one.places);
  places.set(other.places, one.places.length);
  return { page: concatPages([one.page, other.page]), places };
}

/** The middle one of the times between rows, milliseconds; 0 if all rows have one time. */
function middleStep(timesMs: Float64Array): number {
  const steps = Array.from(timesMs.subarray(1), (timeMs, at) => Math.abs(timeMs - timesMs[at]))
    .filter((step) => step > 0).sort((a, b) => a - b);
  return steps[Math.floor((steps.length - 1) / 2)] ?? 0;
}

/**
 * A year of one metric as a grid: a day of the local calendar and a time of its clock make a cell.
 *
 * Each day has the slots of 24 hours. On the day on which the clock goes forward, the slots of the
 * skipped time stay empty. Where it goes back, readings of the second passage of a time have cells of
 * their own, which follow the grid. So both passages are there, and noon is at the same place on
 * every day.
 *
 * @module
 */

import { DAY_MS, MINUTE_MS } from "../limits.ts";
import { FLOAT, powerOfTen, toNumber } from "../readings/decimal.ts";
import type { Column, Page, Span } from "../readings/page.ts";
import type { Aggregate } from "../readings/profile.ts";
import { createOffsets, localDate, localDaySpan } from "../time/zone.ts";

/** How many steps a quantized value has at most. */
const STEPS = 0xffff - 1;

/** What the grid is of. */
export interface HeatMapOptions {
  /** The year of the local calendar. */
  readonly year: number;
  /** The zone of the clock. */
  readonly zone: string;
  /** The length of a slot, milliseconds; an hour is a multiple of it. */
  readonly slotMs: number;
  /** The index of the metric. */
  readonly metric: number;
  /** How several readings of a cell become one value. */
  readonly aggregate: Aggregate;
}

/** A day on which the clock changes. */
export interface ClockChange {
  /** The day, counted from the first of the year. */
  readonly day: number;
  /** How long it is, milliseconds. */
  readonly lengthMs: number;
  /** The first slot that the clock skips or shows twice. */
  readonly slot: number;
  /** How many slots it skips or shows twice. */
  readonly slots: number;
  /** Where the cells of the second passage begin, counted from the first cell; null if it skips. */
  readonly againAt: number | null;
}

/** The grid. */
export interface HeatMap {
  /** The span of the year. */
  readonly span: Span;
  /** The first day, `YYYY-MM-DD`. */
  readonly firstDate: string;
  /** How many days it has. */
  readonly days: number;
  /** How many slots a day has. */
  readonly slots: number;
  /** The days on which the clock changes. */
  readonly changes: readonly ClockChange[];
  /** Adds readings, later than those before. */
  add(page: Page): void;
  /** The values: `days × slots` cells, day by day, then those of second passages. */
  cells(): HeatCells;
}

/** The values of a grid: numbers that `divisor` divides. NaN is a cell without a value. */
export interface HeatCells extends Column {
  /** What a number is divided by. */
  readonly divisor: number;
  /** Whether the values are what was measured; else they are rounded to one of 65,534 steps. */
  readonly isExact: boolean;
}

/** A stretch of the year in which the clock has one offset. */
interface Stretch extends Span {
  readonly offsetMs: number;
  /** Readings of wall times before this, local milliseconds, are a second passage. */
  readonly againUntilMs: number;
  readonly againAt: number;
}

/**
 * Creates a grid without readings.
 *
 * @throws {RangeError} if there is no such zone or year.
 */
export function createHeatMap(options: HeatMapOptions): HeatMap {
  const { year, zone, slotMs } = options;
  const span = yearSpan(zone, year);
  const firstDate = `${String(year).padStart(4, "0")}-01-01`;
  const firstMs = Date.UTC(year, 0, 1);
  const days = (Date.UTC(year + 1, 0, 1) - firstMs) / DAY_MS;
  const slots = DAY_MS / slotMs;
  const { stretches, changes, cellCount } = clockOf(zone, span, { firstMs, days, slots, slotMs });
  const sums = createCells(cellCount, options.aggregate);
  let current = stretches[0];

  return {
    span,
    firstDate,
    days,
    slots,
    changes,
    add({ timesMs, columns }) {
      const { scale, values } = columns[options.metric];
      const factor = sums.useScale(scale);
      for (let row = 0; row < timesMs.length;) {
        const firstOfRun = timesMs[row];
        if (firstOfRun < span.fromMs || firstOfRun >= span.toMs) {
          row++;
          continue;
        }
        if (firstOfRun >= current.toMs || firstOfRun < current.fromMs) {
          current = stretches.find(({ toMs }) => firstOfRun < toMs) ?? current;
        }
        // A year of minutes goes through this loop, so what it needs is at hand.
        const { fromMs, toMs, offsetMs, againUntilMs, againAt } = current;
        for (; row < timesMs.length; row++) {
          const timeMs = timesMs[row], value = values[row];
          if (timeMs < fromMs || timeMs >= toMs) break;
          if (value !== value) continue;
          const wallMs = timeMs + offsetMs;
          const cell = wallMs < againUntilMs
            ? againAt + Math.floor((timeMs - fromMs) / slotMs)
            : Math.floor((wallMs - firstMs) / slotMs);
          sums.put(cell, factor === null ? toNumber(value, scale) : value * factor);
        }
      }
    },
    cells: sums.finish,
  };
}

/** The span of a year on the clock of a zone. */
export function yearSpan(zone: string, year: number): Span {
  const start = (of: number) => localDaySpan(zone, `${String(of).padStart(4, "0")}-01-01`)?.fromMs;
  const fromMs = start(year), toMs = start(year + 1);
  if (fromMs === undefined || toMs === undefined) {
    throw new RangeError(`Cannot make a year as it must be 1970 to 9998: ${year}`);
  }
  return { fromMs, toMs };
}

/** The year of a time on the clock of a zone. */
export function localYear(zone: string, timeMs: number): number {
  return Number(localDate(zone, timeMs).slice(0, 4));
}

function clockOf(
  zone: string,
  span: Span,
  { firstMs, days, slots, slotMs }: {
    firstMs: number;
    days: number;
    slots: number;
    slotMs: number;
  },
): { stretches: Stretch[]; changes: ClockChange[]; cellCount: number } {
  const offsetAt = createOffsets(zone);
  const stretches: Stretch[] = [];
  const changes: ClockChange[] = [];
  let cellCount = days * slots;
  for (let atMs = span.fromMs; atMs < span.toMs;) {
    const { offsetMs, toMs } = offsetAt(atMs);
    const before = stretches.at(-1);
    const backMs = before === undefined ? 0 : before.offsetMs - offsetMs;
    const wallMs = atMs + offsetMs;
    const againAt = cellCount;
    if (backMs !== 0 && before !== undefined) {
      const fromWallMs = Math.min(wallMs, atMs + before.offsetMs);
      const count = Math.ceil(Math.abs(backMs) / slotMs);
      if (backMs > 0) cellCount += count;
      changes.push({
        day: Math.floor((fromWallMs - firstMs) / DAY_MS),
        lengthMs: DAY_MS + backMs,
        slot: Math.floor((fromWallMs - firstMs) % DAY_MS / slotMs),
        slots: count,
        againAt: backMs > 0 ? againAt : null,
      });
    }
    stretches.push({
      fromMs: atMs,
      toMs: Math.min(toMs, span.toMs),
      offsetMs,
      againUntilMs: backMs > 0 ? wallMs + backMs : -Infinity,
      againAt,
    });
    atMs = toMs;
  }
  return { stretches, changes, cellCount };
}

/** Values that are being made. */
interface Cells {
  /** Prepares for values of a scale. Gives what to multiply them by; null if they are to be numbers. */
  useScale(scale: number): number | null;
  /** Adds a value in the scale that all share. */
  put(cell: number, value: number): void;
  finish(): HeatCells;
}

function createCells(length: number, aggregate: Aggregate): Cells {
  const values = new Float64Array(length).fill(NaN);
  const counts = aggregate === "mean" ? new Uint32Array(length) : null;
  let shared = 0;

  function multiply(factor: number): void {
    for (let cell = 0; cell < length; cell++) values[cell] *= factor;
  }

  return {
    useScale(scale) {
      if (shared !== FLOAT && (scale > shared || scale === FLOAT)) {
        if (scale === FLOAT) multiply(1 / powerOfTen(shared));
        else multiply(powerOfTen(scale - shared));
        shared = scale;
      }
      if (shared === scale) return 1;
      return shared === FLOAT ? null : powerOfTen(shared - scale);
    },
    put(cell, value) {
      const before = values[cell];
      if (counts !== null) counts[cell]++;
      values[cell] = before === before ? combined(aggregate, before, value) : value;
    },
    finish() {
      if (counts !== null) {
        for (let cell = 0; cell < length; cell++) {
          if (counts[cell] > 1) values[cell] /= counts[cell];
        }
      }
      return quantized(values, shared === FLOAT ? 1 : powerOfTen(shared));
    },
  };
}

function combined(aggregate: Aggregate, before: number, value: number): number {
  switch (aggregate) {
    case "min":
      return Math.min(before, value);
    case "max":
      return Math.max(before, value);
    case "last":
      return value;
    default:
      return before + value;
  }
}

/** Values that fit two bytes: as they are if that is possible, else rounded to steps. */
function quantized(values: Float64Array, divisor: number): HeatCells {
  let low = Infinity, high = -Infinity, isWhole = true;
  for (let cell = 0; cell < values.length; cell++) {
    const value = values[cell];
    if (value !== value) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value !== Math.floor(value)) isWhole = false;
  }
  if (low > high) return { scale: FLOAT, values, divisor: 1, isExact: true };
  if (isWhole && high - low <= STEPS) return { scale: FLOAT, values, divisor, isExact: true };
  const step = (high - low) / STEPS || Math.abs(low) || 1;
  const base = Math.round(low / step);
  for (let cell = 0; cell < values.length; cell++) {
    const number = Math.round(values[cell] / step) - base;
    values[cell] = base + Math.min(STEPS, Math.max(0, number));
  }
  return { scale: FLOAT, values, divisor: divisor / step, isExact: false };
}

/** The length of the slots for readings that come every `cadenceMs`: the next that divides an hour. */
export function slotFor(cadenceMs: number | null): number {
  const lengths = [1, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS);
  return lengths.find((lengthMs) => lengthMs >= (cadenceMs ?? 0)) ?? 60 * MINUTE_MS;
}

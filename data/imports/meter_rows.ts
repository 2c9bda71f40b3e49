/**
 * The readings of all meters in one upload, until they are taken.
 *
 * A reader asks for the row of a meter, fills it in, and adds it. An upload into one meter is the case
 * of a single meter that is known from the start. Meters of one profile share a row and the memory
 * behind it, so thousands of meters cost little.
 *
 * | a meter is | `of()` returns          | until                                            |
 * | ---------- | ----------------------- | ------------------------------------------------ |
 * | unknown    | null; keep the record   | `know()` says its profile, or why it has none     |
 * | known      | its row                 | the end                                          |
 * | refused    | the rule that it breaks | the end                                          |
 *
 * @module
 */

import {
  METER_ID_PATTERN,
  METER_ID_RULE,
  METER_REJECTS_LISTED,
  METERS_PER_UPLOAD_MAX,
  QUOTED_VALUE_MAX,
  REJECTS_LISTED,
} from "../limits.ts";
import type { Profile } from "../readings/profile.ts";
import type { Place, Reject, RowProblem } from "../text/upload_reader.ts";
import {
  createReadingRow,
  rangeRule,
  type ReadingRow,
  type ReadingRowOptions,
  type SharedRow,
} from "./reading_row.ts";
import type { UploadBatch } from "./repeats.ts";
import {
  type IntervalOptions,
  type IntervalRules,
  intervalRulesOf,
  PLAIN_INTERVALS,
} from "./interval_rules.ts";
import type { BreakKind, LeftOutKind } from "./interval_stage.ts";
import {
  createMeterIntervals,
  type MeterIntervalEvents,
  type MeterIntervals,
} from "./meter_intervals.ts";
import { decimalText } from "../readings/decimal.ts";

/** What the readings of an upload have in common. */
export interface MeterRowsOptions extends Omit<ReadingRowOptions, "registers"> {
  /** What values mean for the intervals between times; by default they are those of intervals. */
  readonly intervals?: IntervalOptions;
  /** The length of an interval, milliseconds, asked with the first readings; 0 if it is not known. */
  readonly intervalMs?: () => number;
  /** A place as an answer shows it; a line by default. */
  readonly placeOf?: (place: number) => Place;
}

/**
 * The row of a meter. Meters of one profile share a row: it is this meter's until the next call of
 * `of()` or `at()`.
 */
export interface MeterRow extends ReadingRow {
  /** The profile. */
  readonly profile: Profile;
  /** The number of the meter whose row it is now, from 0. */
  meter(): number;
}

/** Why a meter takes no readings. */
export interface MeterRefusal {
  /** The rule that it breaks. */
  readonly rule: string;
}

/** Readings of one meter. */
export interface MeterBatch {
  /** The meter. */
  readonly meterId: string;
  /** Its profile. */
  readonly profile: Profile;
  /** Its readings, in the order of the upload. */
  readonly batch: UploadBatch;
  /** The metric that these readings have, by its index, if they are parts of readings. */
  readonly part?: number;
}

/** A rejected record, and its meter; null if it names none, or none that can be. */
export type MeterReject = Reject & { readonly meterId: string | null };

/** What there is to say about a meter besides its readings. */
export interface MeterNotes {
  /** The meter. */
  readonly meterId: string;
  /** Why it takes no readings; null if it does. */
  readonly refusal: MeterRefusal | null;
  /** How many of its records were rejected. */
  readonly rejected: number;
  /** The first of them. */
  readonly rejects: readonly Reject[];
  /**
   * How many of its readings are at a time that the clock shows twice, with nothing that told which of
   * the two it was. They took the first one.
   */
  readonly ambiguous: number;
  /** How often a register had no energy for an interval, by the reason. */
  readonly breaks: Readonly<Record<BreakKind, number>>;
  /** How many of its records gave no reading, by the reason. */
  readonly leftOut: ReadonlyMap<LeftOutKind, number>;
}

/** Where a register has no energy for an interval. */
export interface RegisterBreak {
  /** The meter. */
  readonly meterId: string;
  /** Why. */
  readonly kind: BreakKind;
  /** The line or index of the record at the start of the interval. */
  readonly place: number;
  /** The start of the interval, epoch milliseconds. */
  readonly timeMs: number;
}

/** The readings of all meters in one upload. */
export interface MeterRows {
  /**
   * The row of a meter; the rule that the meter breaks; or null if its profile is not known yet. Then
   * keep the record, in order with all later ones of this meter, and ask again after `know()`.
   */
  of(meterId: string): MeterRow | MeterRefusal | null;
  /** What `of()` returns for a known or refused meter, by its number. Faster than by id. */
  at(meter: number): MeterRow | MeterRefusal;
  /** Meters that `of()` was asked for and whose profile is not known, in that order. */
  unknown(): readonly string[];
  /** Says the profile of a meter, or why it takes no readings. */
  know(meterId: string, profile: Profile | MeterRefusal): void;
  /** Counts and perhaps lists a rejected record; `meterId` is null if it names no meter. */
  reject(place: Place, problem: RowProblem, meterId: string | null): void;
  /** Counts a record of a known meter that gives no reading. */
  leaveOut(meterId: string, kind: LeftOutKind): void;
  /** How many records were rejected, and the first 100 of them. */
  rejected(): { readonly count: number; readonly first: readonly MeterReject[] };
  /** How many readings were added since they were last taken. */
  waiting(): number;
  /** The readings added since they were last taken, except those whose instant is not settled. */
  take(): readonly MeterBatch[];
  /** Says that the upload has ended: `take()` settles what is not. */
  close(): void;
  /**
   * Every meter of the upload that is known or refused, in the order of its first record. Their counts
   * go on.
   */
  meters(): readonly MeterNotes[];
  /** The first 100 intervals for which a register has no energy. */
  breaks(): readonly RegisterBreak[];
}

/** A meter of the upload. */
interface Entry {
  readonly meterId: string;
  readonly row: ProfileRow | null;
  readonly refusal: MeterRefusal | null;
  rejected: number;
  readonly rejects: Reject[];
  readonly ambiguous: number;
  readonly breaks: Record<BreakKind, number>;
  readonly leftOut: Map<LeftOutKind, number>;
}

type ProfileRow = SharedRow & { readonly profile: Profile };

const TOO_MANY: MeterRefusal = {
  rule: `at most ${METERS_PER_UPLOAD_MAX} meters in one upload; send the rest in another one`,
};

/** Rows without readings. */
export function createMeterRows(options: MeterRowsOptions): MeterRows {
  const profileRows = new Map<string, ProfileRow>();
  const numbers = new Map<string, number>();
  const entries: Entry[] = [];
  const unknown = new Set<string>();
  const first: MeterReject[] = [];
  const firstBreaks: RegisterBreak[] = [];
  const { intervals = PLAIN_INTERVALS, intervalMs = () => 0 } = options;
  const { placeOf = (line) => ({ line }) } = options;
  let rejectedCount = 0, isClosed = false;

  function rowOf(profile: Profile): ProfileRow {
    const row = profileRows.get(profile.name) ?? createRow(profile);
    profileRows.set(profile.name, row);
    return row;
  }

  function createRow(profile: Profile): ProfileRow {
    const rules = rulesOf(profile, intervals);
    const row = createReadingRow(profile, { ...options, registers: rules?.registers });
    if (rules === null) return { ...row, profile };
    let stages: MeterIntervals | null = null;
    return {
      ...row,
      profile,
      take() {
        stages ??= createMeterIntervals(
          profile.metrics,
          { ...rules, intervalMs: intervalMs() },
          { exponents: row.exponents, events },
        );
        return stages.take(row.take(), isClosed);
      },
    };
  }

  function leaveOut(number: number, kind: LeftOutKind): void {
    const { leftOut } = entries[number];
    leftOut.set(kind, (leftOut.get(kind) ?? 0) + 1);
  }

  const events: MeterIntervalEvents = {
    onBreak(meter, kind, at) {
      const { meterId, breaks } = entries[meter];
      breaks[kind]++;
      if (firstBreaks.length < REJECTS_LISTED) firstBreaks.push({ meterId, kind, ...at });
    },
    onLeftOut: leaveOut,
    onOutOfRange(meter, metric, { value, place }) {
      const text = decimalText(value.value, value.scale);
      const problem = { field: metric.name, value: text, rule: rangeRule(metric) };
      reject(placeOf(place), problem, entries[meter].meterId);
    },
  };

  function reject(
    place: Place,
    { field, value, rule }: RowProblem,
    meterId: string | null,
  ): void {
    const reject = { ...place, field, value: value.slice(0, QUOTED_VALUE_MAX), rule };
    rejectedCount++;
    const named = meterId !== null && METER_ID_PATTERN.test(meterId) ? meterId : null;
    if (first.length < REJECTS_LISTED) first.push({ ...reject, meterId: named });
    const number = named === null ? undefined : numbers.get(named);
    if (number === undefined) return;
    const entry = entries[number];
    entry.rejected++;
    if (entry.rejects.length < METER_REJECTS_LISTED) entry.rejects.push(reject);
  }

  function at(number: number): MeterRow | MeterRefusal {
    const { row, refusal } = entries[number];
    row?.use(number);
    // Every entry has one of the two.
    return row ?? refusal ?? TOO_MANY;
  }

  return {
    of(meterId) {
      const number = numbers.get(meterId);
      if (number !== undefined) return at(number);
      if (unknown.has(meterId)) return null;
      if (!METER_ID_PATTERN.test(meterId)) return { rule: METER_ID_RULE };
      if (entries.length + unknown.size === METERS_PER_UPLOAD_MAX) return TOO_MANY;
      unknown.add(meterId);
      return null;
    },
    at,
    unknown: () => [...unknown],
    know(meterId, profile) {
      unknown.delete(meterId);
      const number = entries.length;
      numbers.set(meterId, number);
      const isRefused = "rule" in profile;
      const row = isRefused ? null : rowOf(profile);
      entries.push({
        meterId,
        row,
        refusal: isRefused ? profile : null,
        rejected: 0,
        rejects: [],
        get ambiguous() {
          return row?.ambiguous(number) ?? 0;
        },
        breaks: { gap: 0, reset: 0, rollover: 0, jump: 0 },
        leftOut: new Map(),
      });
    },
    reject,
    leaveOut(meterId, kind) {
      const number = numbers.get(meterId);
      if (number !== undefined) leaveOut(number, kind);
    },
    rejected: () => ({ count: rejectedCount, first }),
    waiting: () => sum(profileRows.values()),
    take: () =>
      [...profileRows.values()].flatMap((row) => {
        if (isClosed) row.settle();
        return row.take().map(({ meter, batch }) => (
          { meterId: entries[meter].meterId, profile: row.profile, batch }
        ));
      }),
    close() {
      isClosed = true;
    },
    meters: () => entries,
    breaks: () => firstBreaks,
  };
}

/** The rules of a profile. Options that do not fit it are refused before anything is read. */
function rulesOf(profile: Profile, intervals: IntervalOptions): IntervalRules | null {
  const rules = intervalRulesOf(profile, intervals);
  return rules === null || "rule" in rules ? null : rules;
}

/** Makes a meter known as the only one of an upload; returns its row. */
export function onlyRow(rows: MeterRows, meterId: string, profile: Profile): MeterRow {
  rows.know(meterId, profile);
  const row = rows.at(0);
  if ("rule" in row) throw new TypeError(`Cannot read into a meter that is refused: ${row.rule}`);
  return row;
}

function sum(rows: Iterable<SharedRow>): number {
  let count = 0;
  for (const row of rows) count += row.waiting();
  return count;
}

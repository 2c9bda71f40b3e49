/**
 * The options of an upload that say how its times are written and what they mean.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";
import { compileTimeFormat, type TimeFormat } from "../time/time_format.ts";
import { createLocalClock, isTimeZone, type LocalClock } from "../time/zone.ts";
import type { TimeRules } from "./time_sequence.ts";

/** Options about times, each as the query has it. */
export interface TimeOptions {
  /** A pattern or name as in `data/time/time_format.ts`, or `auto`; `iso` by default. */
  readonly timestampFormat?: string;
  /** The zone of times without an offset; UTC by default. */
  readonly timezone?: string;
  /** Whether times are the `start` of their intervals (default) or the `end`. */
  readonly stamp?: string;
  /** The length of an interval: `15m`, `1h`, `1d`, or as in ISO 8601. */
  readonly interval?: string;
  /** What a time means that the clock shows twice: `sequence` (default), `first` or `second`. */
  readonly ambiguous?: string;
  /** What to do with a time that the clock skips: `reject` (default) or `shift`. */
  readonly nonexistent?: string;
}

/** The zone of times without an offset. */
export interface UploadZone {
  /** Its IANA name, or a fixed offset. */
  readonly name: string;
  /** Its clock. */
  readonly clock: LocalClock;
}

/** How times are written and what they mean. */
export interface UploadTimes {
  /** The form of times. While it is unseen, it is `iso`. */
  readonly timeFormat: TimeFormat;
  /** The zone of times without an offset; null is UTC. */
  readonly zone: UploadZone | null;
  /** How times without an offset become instants; null if they are plainly UTC. */
  readonly rules: TimeRules | null;
  /** The length of an interval, milliseconds; null if the upload does not say it. */
  readonly intervalMs: number | null;
  /** What only the rows can show. */
  readonly unseen: {
    /** The form of times. */
    readonly timeFormat: boolean;
    /** The length of an interval, which times that are ends or numbers need. */
    readonly interval: boolean;
  };
}

/** Takes a wrong option, its value, and the rule as a sentence. */
export type AddTimeProblem = (option: keyof TimeOptions, value: string, detail: string) => void;

/** The format that is found in the first rows. */
const AUTO = "auto";
const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: MINUTE_MS,
  min: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
};
const INTERVAL = /^(\d{1,6})(s|m|min|h|d)$/;
const ISO_INTERVAL = /^P(?:T(\d{1,6})([SMH])|(\d{1,3})(D))$/;
/** The longest interval: a leap year. */
const INTERVAL_MAX_MS = 366 * DAY_MS;

/** Reads the options; null if the form of times is wrong. Every wrong option is a problem. */
export function readTimeOptions(
  options: TimeOptions,
  addProblem: AddTimeProblem,
): UploadTimes | null {
  const { timestampFormat = "iso" } = options;
  const isAuto = timestampFormat === AUTO;
  const timeFormat = readTimeFormat(isAuto ? "iso" : timestampFormat, addProblem);
  const zone = readZone(options.timezone, addProblem);
  const choose = <T extends string>(option: keyof TimeOptions, values: readonly [T, ...T[]]) =>
    readChoice(option, options[option], { values, addProblem });
  const stamp = choose("stamp", ["start", "end"]);
  const ambiguous = choose("ambiguous", ["sequence", "first", "second"]);
  const nonexistent = choose("nonexistent", ["reject", "shift"]);
  const intervalMs = readInterval(options.interval, addProblem);
  if (timeFormat === null) return null;
  const isPlain = zone === null && stamp === "start" && !isAuto && !timeFormat.isNumbered;
  const needsInterval = stamp === "end" || timeFormat.isNumbered;
  return {
    timeFormat,
    zone,
    rules: isPlain ? null : {
      clock: zone?.clock ?? createLocalClock("UTC"),
      ambiguous,
      nonexistent,
      stamp,
      intervalMs: intervalMs ?? 0,
    },
    intervalMs,
    unseen: { timeFormat: isAuto, interval: needsInterval && intervalMs === null },
  };
}

/** Times with what the first rows showed. */
export function withSeenTimes<T extends UploadTimes>(
  times: T,
  { timeFormat, intervalMs }: Pick<UploadTimes, "timeFormat" | "intervalMs">,
): T {
  const { rules } = times;
  const isPlain = times.zone === null && rules?.stamp === "start" && !timeFormat.isNumbered;
  return {
    ...times,
    timeFormat,
    intervalMs,
    rules: rules === null || isPlain ? null : { ...rules, intervalMs: intervalMs ?? 0 },
    unseen: { timeFormat: false, interval: false },
  };
}

/** The length of an interval in milliseconds, as `15m` or `PT15M`; null if the text is none. */
export function intervalMsOf(text: string): number | null {
  const match = INTERVAL.exec(text);
  const iso = match === null ? ISO_INTERVAL.exec(text.toUpperCase()) : null;
  const count = match?.[1] ?? iso?.[1] ?? iso?.[3];
  const unit = match?.[2] ?? iso?.[2]?.toLowerCase() ?? iso?.[4]?.toLowerCase();
  if (count === undefined || unit === undefined) return null;
  const lengthMs = Number(count) * UNITS[unit];
  return lengthMs > 0 && lengthMs <= INTERVAL_MAX_MS ? lengthMs : null;
}

function readTimeFormat(pattern: string, addProblem: AddTimeProblem): TimeFormat | null {
  try {
    return compileTimeFormat(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    addProblem("timestampFormat", pattern, `timestamp_format: ${error.message}`);
    return null;
  }
}

function readZone(name: string | undefined, addProblem: AddTimeProblem): UploadZone | null {
  if (name === undefined) return null;
  if (isTimeZone(name)) return { name, clock: createLocalClock(name) };
  addProblem("timezone", name, "timezone must be an IANA time zone or an offset such as +01:00");
  return null;
}

function readChoice<T extends string>(
  option: keyof TimeOptions,
  given: string | undefined,
  { values, addProblem }: { values: readonly [T, ...T[]]; addProblem: AddTimeProblem },
): T {
  if (given === undefined) return values[0];
  const found = values.find((value) => value === given);
  if (found === undefined) {
    const named = `${values.slice(0, -1).join(", ")} or ${values[values.length - 1]}`;
    addProblem(option, given, `${option} must be ${named}`);
  }
  return found ?? values[0];
}

function readInterval(text: string | undefined, addProblem: AddTimeProblem): number | null {
  if (text === undefined) return null;
  const lengthMs = intervalMsOf(text);
  if (lengthMs === null) {
    addProblem("interval", text, "interval must be a length such as 15m, 1h or 1d");
  }
  return lengthMs;
}

/**
 * One telemetry message of a device, checked: `{"device_id","timestamp","metrics":{…}}`.
 *
 * It runs for every reading, so it is written by hand, and a good message makes no garbage but what
 * is given back.
 *
 * @module
 */

import type { FieldError } from "../app_error.ts";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE, QUOTED_VALUE_MAX } from "../limits.ts";
import { plainInstant } from "../time/plain_instant.ts";
import {
  DEVICE_PROFILES,
  type DeviceProfileName,
  type Metric,
  PROFILES,
} from "../readings/profile.ts";
import { pointerPart, quoted } from "../quoted.ts";
import { rangeRule } from "../imports/reading_row.ts";
import { type AcceptedTimes, futureRule, oldestRule } from "../time/accepted_times.ts";
import { parseInstant } from "../time/time_text.ts";

/** A reading of a device. */
export interface Telemetry {
  /** The device. */
  readonly deviceId: string;
  /** When it was measured, epoch milliseconds. */
  readonly timeMs: number;
  /** The profile whose metrics it has. */
  readonly profile: DeviceProfileName;
  /** One a metric of the profile, in its order; NaN where null. */
  readonly values: Float64Array;
}

/** A reading, or everything that is wrong with the message; pointers are JSON Pointers into it. */
export type TelemetryResult = { readonly telemetry: Telemetry } | {
  readonly problems: readonly FieldError[];
};

/** A profile of devices, made ready for looking things up. */
interface Kind {
  readonly profile: DeviceProfileName;
  readonly metrics: readonly Metric[];
  readonly names: ReadonlySet<string>;
  /** Its names as an error says them. */
  readonly list: string;
}

const KINDS: readonly Kind[] = DEVICE_PROFILES.map((profile) => {
  const { metrics } = PROFILES[profile];
  const names = metrics.map(({ name }) => name);
  return { profile, metrics, names: new Set(names), list: names.join(", ") };
});
const OBJECT_RULE = "a JSON object";
const TIME_RULE = "an ISO 8601 time such as 2026-02-01T14:23:45Z";
const METRICS_RULE = `those of one profile: ${
  KINDS.map(({ profile, list }) => `${profile} (${list})`).join(" or ")
}`;

/**
 * The reading that a parsed JSON value holds, or everything that is wrong with it. `nowMs` is when
 * it was received; `times` bounds its timestamp.
 */
export function readTelemetry(
  message: unknown,
  nowMs: number,
  times: AcceptedTimes,
): TelemetryResult {
  if (!isObject(message)) {
    const detail = `A telemetry message must be ${OBJECT_RULE}`;
    return { problems: [{ pointer: "", detail, value: quoted(message), rule: OBJECT_RULE }] };
  }
  const problems: FieldError[] = [];
  for (const name in message) {
    if (name === "device_id" || name === "timestamp" || name === "metrics") continue;
    const detail = `Unknown property '${name.slice(0, QUOTED_VALUE_MAX)}'`;
    const rule = "only device_id, timestamp and metrics";
    problems.push({ pointer: `/${pointerPart(name)}`, detail, value: quoted(message[name]), rule });
  }
  const deviceId = readDeviceId(message.device_id, problems);
  const timeMs = readTime(message.timestamp, problems);
  if (timeMs < times.oldestMs || timeMs > nowMs + times.futureToleranceMs) {
    problems.push(boundsProblem(message.timestamp, timeMs, times));
  }
  const kind = readKind(message.metrics, problems);
  if (kind === null || !isObject(message.metrics)) return { problems };
  const values = readValues(message.metrics, kind, problems);
  if (problems.length > 0) return { problems };
  return { telemetry: { deviceId, timeMs, profile: kind.profile, values } };
}

function readDeviceId(value: unknown, problems: FieldError[]): string {
  if (typeof value === "string" && DEVICE_ID_PATTERN.test(value)) return value;
  problems.push(problemOf("/device_id", value, DEVICE_ID_RULE));
  return "";
}

function readTime(value: unknown, problems: FieldError[]): number {
  const timeMs = typeof value === "string" ? instantOf(value) : null;
  if (timeMs !== null) return timeMs;
  problems.push(problemOf("/timestamp", value, TIME_RULE));
  return NaN;
}

/** What is wrong with a time that is too old or too far ahead. */
function boundsProblem(value: unknown, timeMs: number, times: AcceptedTimes): FieldError {
  const isOld = timeMs < times.oldestMs;
  const problem = problemOf("/timestamp", value, isOld ? oldestRule(times) : futureRule(times));
  return isOld ? problem : { ...problem, detail: `${problem.detail} of the service's clock` };
}

function instantOf(text: string): number | null {
  const timeMs = plainInstant(text);
  return timeMs === timeMs ? timeMs : parseInstant(text);
}

/** The profile whose names the metrics have, or most of them. */
function readKind(metrics: unknown, problems: FieldError[]): Kind | null {
  if (!isObject(metrics)) {
    problems.push(problemOf("/metrics", metrics, OBJECT_RULE));
    return null;
  }
  let closest: Kind | null = null;
  let most = 0;
  for (const kind of KINDS) {
    let shared = 0;
    for (const { name } of kind.metrics) if (metrics[name] !== undefined) shared++;
    if (shared > most) {
      most = shared;
      closest = kind;
    }
  }
  if (closest === null) problems.push(problemOf("/metrics", metrics, METRICS_RULE));
  return closest;
}

/** One value a metric of the profile; each other metric is a problem. */
function readValues(
  given: Record<string, unknown>,
  { profile, metrics, names, list }: Kind,
  problems: FieldError[],
): Float64Array {
  for (const name in given) {
    if (names.has(name)) continue;
    const short = name.slice(0, QUOTED_VALUE_MAX);
    const detail = `Unknown metric '${short}': ${profile} has ${list}`;
    const pointer = `/metrics/${pointerPart(name)}`;
    problems.push({ pointer, detail, value: quoted(given[name]), rule: `one of ${list}` });
  }
  const values = new Float64Array(metrics.length);
  for (let i = 0; i < metrics.length; i++) {
    const { name, min, max } = metrics[i];
    const value = given[name];
    // Adding 0 makes a negative zero a plain one.
    if (typeof value === "number" && value >= min && value <= max) values[i] = value + 0;
    else if (value === null) values[i] = NaN;
    else problems.push(problemOf(`/metrics/${name}`, value, valueRule(value, metrics[i])));
  }
  return values;
}

function valueRule(value: unknown, metric: Metric): string {
  return typeof value === "number" ? `from ${rangeRule(metric)}` : "a number or null";
}

/** What is wrong with a member: that it is missing, or the rule that it breaks. */
function problemOf(pointer: string, value: unknown, rule: string): FieldError {
  const name = pointer.slice(pointer.lastIndexOf("/") + 1);
  if (value === undefined) return { pointer, detail: `${name} is required`, rule };
  return { pointer, detail: `${name} must be ${rule}`, value: quoted(value), rule };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

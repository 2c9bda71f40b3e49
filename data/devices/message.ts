/**
 * Checks one telemetry message of a device: `{"device_id","timestamp","metrics":{…}}`.
 *
 * This runs for every reading, so it is written by hand. A valid message creates no garbage but its
 * result.
 *
 * @module
 */

import type { FieldError } from "../app_error.ts";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE, QUOTED_VALUE_MAX } from "../limits.ts";
import {
  DEVICE_PROFILES,
  type DeviceProfileName,
  type Metric,
  PROFILES,
} from "../readings/profile.ts";
import { pointerPart, quoted } from "../quoted.ts";
import { rangeRule } from "../imports/reading_row.ts";
import { type AcceptedTimes, futureRule, oldestRule } from "../time/accepted_times.ts";
import { TIMESTAMP_RULE, type TimestampForm, timestampForm, timestampMs } from "./timestamp.ts";

/** A reading of a device. */
export interface Telemetry {
  /** The device. */
  readonly deviceId: string;
  /** When it was measured, epoch milliseconds. */
  readonly timeMs: number;
  /** How the message gave its time. */
  readonly form: TimestampForm;
  /** The profile that its metrics belong to. */
  readonly profile: DeviceProfileName;
  /** One value per metric of the profile, in its order; NaN for null. */
  readonly values: Float64Array;
}

/** A message that is wrong. */
export interface RejectedTelemetry {
  /** Everything that is wrong with it; pointers are JSON Pointers into the message. */
  readonly problems: readonly FieldError[];
  /** Its device, or null if the message names none. */
  readonly deviceId: string | null;
}

/** A reading, or what is wrong with the message. */
export type TelemetryResult = { readonly telemetry: Telemetry } | RejectedTelemetry;

/** A profile of devices, prepared for look-ups. */
interface Kind {
  readonly profile: DeviceProfileName;
  readonly metrics: readonly Metric[];
  readonly names: ReadonlySet<string>;
  /** The names of its metrics as errors list them. */
  readonly list: string;
}

const KINDS: readonly Kind[] = DEVICE_PROFILES.map((profile) => {
  const { metrics } = PROFILES[profile];
  const names = metrics.map(({ name }) => name);
  return { profile, metrics, names: new Set(names), list: names.join(", ") };
});
const OBJECT_RULE = "a JSON object";
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
    const problem = { pointer: "", detail, value: quoted(message), rule: OBJECT_RULE };
    return { problems: [problem], deviceId: null };
  }
  const problems: FieldError[] = [];
  for (const name in message) {
    if (name === "device_id" || name === "timestamp" || name === "metrics") continue;
    const detail = `Unknown property '${name.slice(0, QUOTED_VALUE_MAX)}'`;
    const rule = "only device_id, timestamp and metrics";
    problems.push({ pointer: `/${pointerPart(name)}`, detail, value: quoted(message[name]), rule });
  }
  const deviceId = readDeviceId(message.device_id, problems);
  const { timestamp } = message;
  const timeMs = timestampMs(timestamp, nowMs);
  // Of NaN every comparison is false.
  if (!(timeMs >= times.oldestMs && timeMs <= nowMs + times.futureToleranceMs)) {
    problems.push(timestampProblem(timestamp, timeMs, times));
  }
  const kind = readKind(message.metrics, problems);
  if (kind === null || !isObject(message.metrics)) return { problems, deviceId };
  const values = readValues(message.metrics, kind, problems);
  if (deviceId === null || problems.length > 0) return { problems, deviceId };
  const form = timestampForm(timestamp);
  return { telemetry: { deviceId, timeMs, form, profile: kind.profile, values } };
}

function readDeviceId(value: unknown, problems: FieldError[]): string | null {
  if (typeof value === "string" && DEVICE_ID_PATTERN.test(value)) return value;
  problems.push(problemOf("/device_id", value, DEVICE_ID_RULE));
  return null;
}

/** What is wrong with a timestamp: it is none, or too old, or too far ahead. */
function timestampProblem(value: unknown, timeMs: number, times: AcceptedTimes): FieldError {
  if (timeMs < times.oldestMs) return problemOf("/timestamp", value, oldestRule(times));
  if (timeMs !== timeMs) return problemOf("/timestamp", value, TIMESTAMP_RULE);
  const problem = problemOf("/timestamp", value, futureRule(times));
  return { ...problem, detail: `${problem.detail} of the service's clock` };
}

/** The profile with the most of the metrics' names; null with a problem if none has any. */
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

/** One value per metric of the profile. A missing or wrong value, or another name, is a problem. */
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
    // Adding 0 turns a negative zero into zero.
    if (typeof value === "number" && value >= min && value <= max) values[i] = value + 0;
    else if (value === null) values[i] = NaN;
    else problems.push(problemOf(`/metrics/${name}`, value, valueRule(value, metrics[i])));
  }
  return values;
}

function valueRule(value: unknown, metric: Metric): string {
  return typeof value === "number" ? `from ${rangeRule(metric)}` : "a number or null";
}

/** What is wrong with a member: it is missing, or it breaks a rule. */
function problemOf(pointer: string, value: unknown, rule: string): FieldError {
  const name = pointer.slice(pointer.lastIndexOf("/") + 1);
  if (value === undefined) return { pointer, detail: `${name} is required`, rule };
  return { pointer, detail: `${name} must be ${rule}`, value: quoted(value), rule };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

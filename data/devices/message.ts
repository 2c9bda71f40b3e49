/**
 * Checks one telemetry message of a device: `{"device_id","timestamp","metrics":{…}}`.
 *
 * This runs for every reading, so it is written by hand. A valid message creates no garbage but its
 * result.
 *
 * @module
 */

import type { FieldError } from "../app_error.ts";
import { type MayTouch, TOUCH_RULES } from "../access/touch_rule.ts";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE, QUOTED_VALUE_MAX } from "../limits.ts";
import type { Metric, Profile } from "../readings/profile.ts";
import type { Profiles } from "../readings/profiles.ts";
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
  readonly profile: Profile;
  /** One value per metric of the profile, in its order; NaN for null and for what is absent. */
  readonly values: readonly number[];
}

/** What a message may have. */
export interface TelemetryRules {
  /** Which times readings may have. */
  readonly acceptedTimes: AcceptedTimes;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "get" | "ofDevices">;
  /**
   * The profile of a device, for messages that name none; null if the metrics decide. They always
   * decide if there is no such function.
   */
  readonly profileOf?: (deviceId: string) => Profile | null;
  /**
   * Which devices may send; all by default. A message of another one has this one problem, so nothing
   * shows whether there is such a device and what it measures.
   */
  readonly mayTouch?: MayTouch;
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
  readonly profile: Profile;
  readonly names: ReadonlySet<string>;
  /** The names of its metrics as errors list them. */
  readonly list: string;
}

const OBJECT_RULE = "a JSON object";
const PROFILE_HINT =
  "The profile of a device says which metrics and values it may send. To allow others, define a " +
  "profile with PUT /api/profiles/{name}. Then name it in the message (profile), or give it to the " +
  "device with PUT /devices/{device_id}";
/** How many profiles an error lists. */
const PROFILES_LISTED = 10;
/** The kinds of profiles that were met. */
const kinds = new WeakMap<Profile, Kind>();
/** The kinds of lists of profiles. */
const kindsOfLists = new WeakMap<readonly Profile[], readonly Kind[]>();

/**
 * The reading that a parsed JSON value holds, or everything that is wrong with it. `nowMs` is when
 * it was received. The profile is the one that the message names, or that its device has, or else the
 * one that shares most metrics with it.
 */
export function readTelemetry(
  message: unknown,
  nowMs: number,
  rules: TelemetryRules,
): TelemetryResult {
  const { acceptedTimes: times } = rules;
  if (!isObject(message)) {
    const detail = `A telemetry message must be ${OBJECT_RULE}`;
    const problem = { pointer: "", detail, value: quoted(message), rule: OBJECT_RULE };
    return { problems: [problem], deviceId: null };
  }
  if (rules.mayTouch !== undefined && !isTouched(message.device_id, rules.mayTouch)) {
    const problem = problemOf("/device_id", message.device_id, TOUCH_RULES.device);
    return { problems: [problem], deviceId: null };
  }
  const problems: FieldError[] = [];
  for (const name in message) {
    if (name === "device_id" || name === "timestamp" || name === "metrics") continue;
    if (name === "profile") continue;
    const detail = `Unknown property '${name.slice(0, QUOTED_VALUE_MAX)}'`;
    const rule = "only device_id, timestamp, profile and metrics";
    problems.push({ pointer: `/${pointerPart(name)}`, detail, value: quoted(message[name]), rule });
  }
  const deviceId = readDeviceId(message.device_id, problems);
  const { timestamp } = message;
  const timeMs = timestampMs(timestamp, nowMs);
  // Of NaN every comparison is false.
  if (!(timeMs >= times.oldestMs && timeMs <= nowMs + times.futureToleranceMs)) {
    problems.push(timestampProblem(timestamp, timeMs, times));
  }
  const kind = readKind(message, rules, problems);
  if (kind === null || !isObject(message.metrics)) return { problems, deviceId };
  const values = readValues(message.metrics, kind, problems);
  if (deviceId === null || problems.length > 0) return { problems, deviceId };
  const form = timestampForm(timestamp);
  return { telemetry: { deviceId, timeMs, form, profile: kind.profile, values } };
}

/** False for the id of a device that may not be touched. What is no id has another problem. */
function isTouched(id: unknown, mayTouch: MayTouch): boolean {
  return typeof id !== "string" || !DEVICE_ID_PATTERN.test(id) || mayTouch(id);
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

/** The kind of a message; null with a problem if it cannot be found. */
function readKind(
  { device_id: id, metrics, profile }: Record<string, unknown>,
  { profiles, profileOf }: TelemetryRules,
  problems: FieldError[],
): Kind | null {
  const isMetrics = isObject(metrics);
  if (!isMetrics) problems.push(problemOf("/metrics", metrics, OBJECT_RULE));
  if (profile !== undefined && profile !== null) {
    const named = typeof profile === "string" ? profiles.get(profile) : undefined;
    if (named !== undefined && profiles.ofDevices().includes(named)) return kindOf(named);
    problems.push(problemOf("/profile", profile, deviceProfileRule(profiles)));
    return null;
  }
  if (!isMetrics) return null;
  if (profileOf !== undefined && typeof id === "string") {
    const known = profileOf(id);
    if (known !== null) return kindOf(known);
  }
  const closest = closestKind(metrics, profiles);
  if (closest === null) problems.push(problemOf("/metrics", metrics, metricsRule(profiles)));
  return closest;
}

/** The profile that shares the most names with the metrics; null if none shares any. */
function closestKind(
  metrics: Record<string, unknown>,
  profiles: Pick<Profiles, "ofDevices">,
): Kind | null {
  let closest: Kind | null = null;
  let most = 0;
  for (const kind of kindsOf(profiles)) {
    let shared = 0;
    for (const { name } of kind.profile.metrics) if (metrics[name] !== undefined) shared++;
    if (shared > most) {
      most = shared;
      closest = kind;
    }
  }
  return closest;
}

function kindsOf(profiles: Pick<Profiles, "ofDevices">): readonly Kind[] {
  const all = profiles.ofDevices();
  const known = kindsOfLists.get(all);
  if (known !== undefined) return known;
  const listed = all.map(kindOf);
  kindsOfLists.set(all, listed);
  return listed;
}

function kindOf(profile: Profile): Kind {
  const known = kinds.get(profile);
  if (known !== undefined) return known;
  const names = profile.metrics.map(({ name }) => name);
  const kind = { profile, names: new Set(names), list: names.join(", ") };
  kinds.set(profile, kind);
  return kind;
}

/**
 * What to do about problems of metrics, values or the profile, as a second sentence; "" if there are
 * only others.
 */
export function profileHint(problems: readonly Pick<FieldError, "pointer">[]): string {
  return problems.some(({ pointer }) => /^\/(metrics|profile)/.test(pointer)) ? PROFILE_HINT : "";
}

/** Which profiles a device may have, as errors say it. */
export function deviceProfileRule(profiles: Pick<Profiles, "ofDevices">): string {
  return alternatives(profiles.ofDevices().map(({ name }) => name));
}

function metricsRule(profiles: Pick<Profiles, "ofDevices">): string {
  const all = kindsOf(profiles).map(({ profile, list }) => `${profile.name} (${list})`);
  return `those of one profile: ${alternatives(all)}`;
}

/** The first of many texts, joined by `or`. */
function alternatives(texts: readonly string[]): string {
  const shown = texts.slice(0, PROFILES_LISTED);
  if (shown.length < texts.length) shown.push(`another of ${texts.length}`);
  return shown.join(" or ");
}

/**
 * One value per metric of the profile. A problem is a wrong value, another name, the absence of a
 * required metric, and that of all metrics.
 */
function readValues(
  given: Record<string, unknown>,
  { profile: { name: profile, metrics }, names, list }: Kind,
  problems: FieldError[],
): readonly number[] {
  let known = 0;
  for (const name in given) {
    if (names.has(name)) {
      known++;
      continue;
    }
    const short = name.slice(0, QUOTED_VALUE_MAX);
    const detail = `Unknown metric '${short}': ${profile} has ${list}`;
    const pointer = `/metrics/${pointerPart(name)}`;
    problems.push({ pointer, detail, value: quoted(given[name]), rule: `one of ${list}` });
  }
  // An array of doubles would cost several times as much.
  const values: number[] = [];
  for (let i = 0; i < metrics.length; i++) {
    const { name, min, max } = metrics[i];
    const value = given[name];
    // Adding 0 turns a negative zero into zero.
    if (typeof value === "number" && value >= min && value <= max) values.push(value + 0);
    else if (value === null || (value === undefined && !metrics[i].isRequired)) values.push(NaN);
    else problems.push(problemOf(`/metrics/${name}`, value, valueRule(value, metrics[i])));
  }
  if (known === 0 && problems.length === 0) {
    problems.push(problemOf("/metrics", given, `at least one of ${list}`));
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

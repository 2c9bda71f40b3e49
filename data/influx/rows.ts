/**
 * Turns rows of InfluxDB into pages of readings. A page ends where the device changes its type or
 * location.
 *
 * Times are truncated to milliseconds, as all times are. If a time repeats, the last row wins: points
 * of one device that differ in other tags, or that are less than a millisecond apart. Points without
 * any metric are skipped.
 *
 * @module
 */

import { FLOAT, toFixed } from "../readings/decimal.ts";
import {
  INFLUX_LABELS,
  type InfluxChunk,
  InfluxError,
  influxMetrics,
  type InfluxTable,
  unreadable,
} from "./query.ts";
import type { Column, Page } from "../readings/page.ts";
import type { Profile } from "../readings/profile.ts";
import { quoted } from "../quoted.ts";
import type { SourcePart } from "../continuous/telemetry_source.ts";

/** A point of one device. */
interface Point {
  readonly timeMs: number;
  /** One value per metric of the answer; NaN if missing. */
  readonly values: readonly number[];
  readonly deviceType: string | null;
  readonly location: string | null;
}

/** Turns the chunks of one answer into parts. */
export interface InfluxRows {
  /** The readings of a chunk. Holds the last one back, as the next chunk may repeat its time. */
  add(chunk: InfluxChunk): SourcePart[];
  /** The reading that was held back. Call it after the last chunk. */
  end(): SourcePart[];
  /**
   * Where to continue after an answer that broke off; null if nothing arrived. Drops the reading that
   * was held back.
   */
  resumeMs(): number | null;
}

/**
 * Creates a reader for the rows of one device, which has one of the profiles: the smallest that has all
 * metrics of its first readings.
 *
 * Its methods throw {@link InfluxError} for values that are not numbers, metrics of several profiles,
 * and times that decrease.
 */
export function createInfluxRows(deviceId: string, profiles: readonly Profile[]): InfluxRows {
  const metrics = influxMetrics(profiles);
  let held: Point | null = null;
  let profile: Profile | null = null;

  function partOf(points: readonly Point[]): SourcePart {
    const present = metrics.filter((_, at) =>
      points.some(({ values }) => !Number.isNaN(values[at]))
    );
    profile ??= profileOf(profiles, present);
    requireProfile(present, { profile, deviceId });
    const { deviceType, location } = points[0];
    const places = profile.metrics.map(({ name }) => metrics.indexOf(name));
    return { profile, deviceType, location, page: pageOf(points, places) };
  }

  return {
    add(chunk) {
      const points = held === null ? [] : [held];
      for (const table of chunk.tables) {
        for (const point of pointsOf(table, { deviceId, metrics })) addPoint(points, point);
      }
      held = points.pop() ?? null;
      return byLabels(points).map(partOf);
    },
    end() {
      const points = held === null ? [] : [held];
      held = null;
      return byLabels(points).map(partOf);
    },
    resumeMs() {
      const timeMs = held?.timeMs ?? null;
      held = null;
      return timeMs;
    },
  };
}

function addPoint(points: Point[], point: Point): void {
  const last = points[points.length - 1];
  if (last !== undefined && point.timeMs < last.timeMs) throw unreadable("times that decrease");
  if (last?.timeMs === point.timeMs) points.pop();
  points.push(point);
}

function pointsOf(
  { columns, rows }: InfluxTable,
  { deviceId, metrics }: { deviceId: string; metrics: readonly string[] },
): Point[] {
  const timeAt = columns.indexOf("time");
  const metricsAt = metrics.map((name) => columns.indexOf(name));
  const [typeAt, locationAt] = INFLUX_LABELS.map((name) => columns.indexOf(name));
  const points = rows.map((row): Point => {
    const timeMs = row[timeAt];
    if (typeof timeMs !== "number") throw unreadable("a time that is not a number");
    return {
      timeMs: Math.floor(timeMs),
      values: metricsAt.map((at, index) =>
        numberOf(row[at], { deviceId, timeMs, name: metrics[index] })
      ),
      deviceType: textOf(row[typeAt]),
      location: textOf(row[locationAt]),
    };
  });
  return points.filter(({ values }) => !values.every(Number.isNaN));
}

function numberOf(
  value: unknown,
  { deviceId, timeMs, name }: { deviceId: string; timeMs: number; name: string },
): number {
  if (value === null || value === undefined) return NaN;
  if (typeof value === "number") return value;
  throw new InfluxError(
    `Cannot read device ${deviceId} from InfluxDB as its field ${name} must be a number: ` +
      `${JSON.stringify(quoted(value))} at ${new Date(timeMs).toISOString()}`,
  );
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** Groups consecutive points with the same type and location. */
function byLabels(points: readonly Point[]): Point[][] {
  const groups: Point[][] = [];
  for (const point of points) {
    const group = groups[groups.length - 1];
    const isSame = group !== undefined && group[0].deviceType === point.deviceType &&
      group[0].location === point.location;
    if (isSame) group.push(point);
    else groups.push([point]);
  }
  return groups;
}

/** The smallest profile with all of some metrics, or else the first that has one of them. */
function profileOf(profiles: readonly Profile[], present: readonly string[]): Profile {
  const has = ({ metrics }: Profile, name: string) =>
    metrics.some((metric) => metric.name === name);
  const whole = profiles.filter((profile) => present.every((name) => has(profile, name)));
  const [smallest] = whole.toSorted((a, b) => a.metrics.length - b.metrics.length);
  return smallest ?? profiles.find((profile) => has(profile, present[0])) ?? profiles[0];
}

function requireProfile(
  present: readonly string[],
  { profile, deviceId }: { profile: Profile; deviceId: string },
): void {
  const own = new Set(profile.metrics.map(({ name }) => name));
  const foreign = present.find((name) => !own.has(name));
  if (foreign === undefined) return;
  throw new InfluxError(
    `Cannot read device ${deviceId} from InfluxDB as its metrics must belong to one profile: ` +
      `${profile.name} and ${foreign}`,
  );
}

function pageOf(points: readonly Point[], places: readonly number[]): Page {
  return {
    timesMs: Float64Array.from(points, ({ timeMs }) => timeMs),
    columns: places.map((at): Column => {
      const values = Float64Array.from(points, (point) => point.values[at]);
      return toFixed(values) ?? { scale: FLOAT, values };
    }),
  };
}

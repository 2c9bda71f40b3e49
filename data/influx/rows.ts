/**
 * Readings out of the answers of InfluxDB: rows become pages, cut where the device changes its type
 * or place.
 *
 * Times are cut to milliseconds, as all times are. Of rows of one time the last counts: points of one
 * device that differ in other tags, and points less than a millisecond apart. Points without any
 * metric are no readings and passed over.
 *
 * @module
 */

import { FLOAT, toFixed } from "../readings/decimal.ts";
import {
  INFLUX_LABELS,
  INFLUX_METRICS,
  type InfluxChunk,
  InfluxError,
  type InfluxTable,
  unreadable,
} from "./query.ts";
import type { Column, Page } from "../readings/page.ts";
import { DEVICE_PROFILES, type DeviceProfileName, PROFILES } from "../readings/profile.ts";
import { quoted } from "../quoted.ts";
import type { SourcePart } from "../continuous/telemetry_source.ts";

/** A point of one device. */
interface Point {
  readonly timeMs: number;
  /** One a metric of {@link INFLUX_METRICS}, NaN where there is none. */
  readonly values: readonly number[];
  readonly deviceType: string | null;
  readonly location: string | null;
}

/** Makes parts of the chunks of one answer. */
export interface InfluxRows {
  /** The readings of a chunk; its last is kept, as the next chunk may have another of its time. */
  add(chunk: InfluxChunk): SourcePart[];
  /** The reading that was kept, when all chunks are there. */
  end(): SourcePart[];
  /** Where reading goes on after a broken answer, or null where nothing came; forgets what is kept. */
  resumeMs(): number | null;
}

/**
 * A reader of the rows of one device.
 *
 * Its methods throw {@link InfluxError} for values that are no numbers, metrics of several profiles,
 * and times that go back.
 */
export function createInfluxRows(deviceId: string): InfluxRows {
  let kept: Point | null = null;
  let profile: DeviceProfileName | null = null;

  function partOf(points: readonly Point[]): SourcePart {
    profile ??= profileOf(points);
    requireProfile(points, { profile, deviceId });
    const { deviceType, location } = points[0];
    return { profile, deviceType, location, page: pageOf(points, profile) };
  }

  return {
    add(chunk) {
      const points = kept === null ? [] : [kept];
      for (const table of chunk.tables) {
        for (const point of pointsOf(table, deviceId)) addPoint(points, point);
      }
      kept = points.pop() ?? null;
      return byLabels(points).map(partOf);
    },
    end() {
      const points = kept === null ? [] : [kept];
      kept = null;
      return byLabels(points).map(partOf);
    },
    resumeMs() {
      const timeMs = kept?.timeMs ?? null;
      kept = null;
      return timeMs;
    },
  };
}

function addPoint(points: Point[], point: Point): void {
  const last = points[points.length - 1];
  if (last !== undefined && point.timeMs < last.timeMs) throw unreadable("times that go back");
  if (last?.timeMs === point.timeMs) points.pop();
  points.push(point);
}

function pointsOf({ columns, rows }: InfluxTable, deviceId: string): Point[] {
  const timeAt = columns.indexOf("time");
  const metricsAt = INFLUX_METRICS.map((name) => columns.indexOf(name));
  const [typeAt, locationAt] = INFLUX_LABELS.map((name) => columns.indexOf(name));
  const points = rows.map((row): Point => {
    const timeMs = row[timeAt];
    if (typeof timeMs !== "number") throw unreadable("a time that is no number");
    return {
      timeMs: Math.floor(timeMs),
      values: metricsAt.map((at, index) =>
        numberOf(row[at], { deviceId, timeMs, name: INFLUX_METRICS[index] })
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

/** Points in stretches of one type and place. */
function byLabels(points: readonly Point[]): Point[][] {
  const stretches: Point[][] = [];
  for (const point of points) {
    const stretch = stretches[stretches.length - 1];
    const isSame = stretch !== undefined && stretch[0].deviceType === point.deviceType &&
      stretch[0].location === point.location;
    if (isSame) stretch.push(point);
    else stretches.push([point]);
  }
  return stretches;
}

function metricPlaces(profile: DeviceProfileName): number[] {
  return PROFILES[profile].metrics.map(({ name }) => INFLUX_METRICS.indexOf(name));
}

/** Each point has a metric, and each metric is of a profile. */
function profileOf([{ values }]: readonly Point[]): DeviceProfileName {
  const name = INFLUX_METRICS[values.findIndex((value) => !Number.isNaN(value))];
  const isOwner = (profile: DeviceProfileName) =>
    PROFILES[profile].metrics.some((metric) => metric.name === name);
  return DEVICE_PROFILES.find(isOwner) ?? DEVICE_PROFILES[0];
}

function requireProfile(
  points: readonly Point[],
  { profile, deviceId }: { profile: DeviceProfileName; deviceId: string },
): void {
  const own = new Set(metricPlaces(profile));
  const strange = INFLUX_METRICS.findIndex((_, at) =>
    !own.has(at) && points.some(({ values }) => !Number.isNaN(values[at]))
  );
  if (strange < 0) return;
  throw new InfluxError(
    `Cannot read device ${deviceId} from InfluxDB as it must have metrics of one profile: ` +
      `${profile} and ${INFLUX_METRICS[strange]}`,
  );
}

function pageOf(points: readonly Point[], profile: DeviceProfileName): Page {
  return {
    timesMs: Float64Array.from(points, ({ timeMs }) => timeMs),
    columns: metricPlaces(profile).map((at): Column => {
      const values = Float64Array.from(points, (point) => point.values[at]);
      return toFixed(values) ?? { scale: FLOAT, values };
    }),
  };
}

/**
 * Reads line protocol (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/)
 * chunk by chunk, directly from its bytes.
 *
 * A line that is wrong is dropped, and never another one. Values of strings are skipped. What a line
 * says of its device and measurement is read once for all lines that begin with the same bytes, so
 * reading a usual line allocates nothing.
 *
 * @module
 */

import type { MayTouch } from "../access/touch_rule.ts";
import { LINE_MAX_BYTES, PROFILE_METRICS_MAX } from "../limits.ts";
import { type AcceptedTimes, futureRule, oldestRule } from "../time/accepted_times.ts";
import { createLineParser } from "./line_parser.ts";
import { createLineProblems, type LineProblems } from "./line_problems.ts";
import { createLineSplitter } from "./line_splitter.ts";
import { createPointGroup, type PointGroup } from "./point_group.ts";
import type { Precision } from "./precision.ts";
import { createSeriesTable, type Series } from "./series_table.ts";

/** How to read lines. */
export interface LineReaderOptions {
  /** The unit of timestamps. */
  readonly precision: Precision;
  /** The tags that may name the device; the first one that a line has does. */
  readonly idTags: readonly string[];
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Which times points may have. */
  readonly acceptedTimes: AcceptedTimes;
  /** Which devices may have points; all by default. */
  readonly mayTouch?: MayTouch;
}

/** Dropped lines of a device. */
export interface DroppedLines {
  /** The device. */
  readonly deviceId: string;
  /** How many. */
  count: number;
  /** The rule that the last of them breaks. */
  reason: string;
}

/** Reads the lines of one request. */
export interface LineReader {
  /** Reads the lines that a chunk completes. Throws AppError MALFORMED_BODY if it is not UTF-8. */
  push(chunk: Uint8Array): void;
  /** Reads the last line, which may lack its end. Throws as {@link LineReader.push} does. */
  end(): void;
  /** How many points were read since they were last taken. */
  waiting(): number;
  /** The points read since the previous call. */
  take(): PointGroup[];
  /** The devices whose lines were dropped since the previous call. */
  takeDropped(): DroppedLines[];
  /** What is wrong with the lines so far. */
  readonly problems: LineProblems;
  /** Points, and values that are strings, so far. */
  counts(): { readonly points: number; readonly strings: number };
}

/** Creates a reader of one request. */
export function createLineReader(options: LineReaderOptions): LineReader {
  const { acceptedTimes, now } = options;
  const problems = createLineProblems();
  const table = createSeriesTable(options.idTags, options.mayTouch);
  const parser = createLineParser(table, options.precision);
  const splitter = createLineSplitter(parser, { onPoint, onWrong, onTooLong });
  let groups: PointGroup[] = [];
  let dropped = new Map<string, DroppedLines>();
  let waiting = 0, points = 0, strings = 0;
  /** The time of lines without one: one for the request, so that its lines can make up a point. */
  const receivedMs = now();
  let latestMs = 0;

  function onPoint(line: number): void {
    const { series, values, leftOut } = parser.line;
    if (series === null) return;
    strings += parser.line.strings;
    for (const { key } of leftOut) {
      const reason =
        `field ${key} is left out: a profile has at most ${PROFILE_METRICS_MAX} metrics`;
      problems.leaveOut({ line, reason });
    }
    if (values.count === 0) return;
    const { device } = series;
    if ("reason" in device) return problems.drop({ line, reason: device.reason });
    const timeMs = parser.line.timeMs ?? receivedMs;
    const place = { timeMs, line, isTimed: parser.line.timeMs !== null };
    const wrong = timeRule(timeMs) ?? groupOf(series, device.id).add(place, series, values);
    if (wrong !== null) return drop(line, wrong, device.id);
    waiting++;
    points++;
  }

  function groupOf({ measurement }: Series, deviceId: string): PointGroup {
    let group = measurement.groups.get(deviceId);
    if (group === undefined) {
      const { profile, fields } = measurement;
      group = createPointGroup({ profile, deviceId, fields });
      measurement.groups.set(deviceId, group);
      groups.push(group);
    }
    return group;
  }

  /** The rule that a time breaks; null for a time that is accepted. */
  function timeRule(timeMs: number): string | null {
    if (timeMs < acceptedTimes.oldestMs) {
      return `the time must be ${oldestRule(acceptedTimes)}`;
    }
    if (timeMs <= latestMs) return null;
    latestMs = now() + acceptedTimes.futureToleranceMs;
    if (timeMs <= latestMs) return null;
    return `the time must be ${futureRule(acceptedTimes)} of the service's clock`;
  }

  function drop(line: number, reason: string, deviceId: string | null): void {
    problems.drop({ line, reason });
    if (deviceId === null) return;
    const before = dropped.get(deviceId);
    if (before === undefined) dropped.set(deviceId, { deviceId, count: 1, reason });
    else {
      before.count++;
      before.reason = reason;
    }
  }

  function onWrong(text: string, reason: string, line: number): void {
    const device = parser.line.series?.device;
    const deviceId = device !== undefined && "id" in device ? device.id : null;
    drop(line, `unable to parse '${text}': ${reason}`, deviceId);
  }

  function onTooLong(line: number): void {
    problems.drop({ line, reason: `a line must have at most ${LINE_MAX_BYTES} bytes` });
  }

  return {
    push: splitter.push,
    end: splitter.end,
    waiting: () => waiting,
    take() {
      const taken = groups;
      groups = [];
      waiting = 0;
      table.forgetGroups();
      return taken;
    },
    takeDropped() {
      const taken = [...dropped.values()];
      dropped = new Map();
      return taken;
    },
    problems,
    counts: () => ({ points, strings }),
  };
}

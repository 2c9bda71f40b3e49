/**
 * Points of one device in one measurement, gathered from the lines of a request.
 *
 * @module
 */

/** A field of a measurement that becomes a metric. */
export interface Field {
  /** Its key as the lines write it. */
  readonly key: string;
  /** The bytes of its key. */
  readonly bytes: Uint8Array;
  /** The name of its metric. */
  readonly metric: string;
  /** Its column in the groups of the measurement; -1 until it has a number or boolean. */
  column: number;
}

/** The numbers of the line that is being read. */
export interface LineValues {
  /** How many there are. */
  count: number;
  /** Their fields. */
  readonly fields: Field[];
  /** Their values, in the same order. */
  readonly values: number[];
}

/** Points in the order in which their times first occurred. */
export interface PointGroup {
  /** The profile: the name of the measurement, made valid. */
  readonly profile: string;
  /** The device. */
  readonly deviceId: string;
  /** The fields of the columns, which all groups of the measurement share. */
  readonly fields: readonly Field[];
  /** Epoch milliseconds, one a point. */
  readonly timesMs: readonly number[];
  /** Values by column and point, NaN where there is none; a column may be missing or too short. */
  readonly columns: readonly (readonly number[] | undefined)[];
  /** The line of each point, the last one if several lines make it up. */
  readonly lines: readonly number[];
  /** How many lines make up each point. */
  readonly lineCounts: readonly number[];
  /** Whether the last line gave its time. */
  isTimed(): boolean;
  /**
   * Adds the values of a line, to the point of that time if there is one. `series` stands for the
   * measurement and tags of the line. Returns why it cannot: a line with other tags has given another
   * value for the same time and field.
   */
  add(
    place: { timeMs: number; line: number; isTimed: boolean },
    series: object,
    given: LineValues,
  ): string | null;
}

/** Creates a group without points. */
export function createPointGroup(
  of: Pick<PointGroup, "profile" | "deviceId" | "fields">,
): PointGroup {
  const timesMs: number[] = [], lines: number[] = [], lineCounts: number[] = [];
  const columns: (number[] | undefined)[] = [];
  /** The series of each point's lines; null if there are several. */
  const series: (object | null)[] = [];
  let lastMs = -Infinity;
  let isLastTimed = false;
  /** The points by time; made when a line is not later than all before it. */
  let points: Map<number, number> | null = null;

  function pointAt(timeMs: number): number {
    const last = timesMs.length - 1;
    if (last >= 0 && timesMs[last] === timeMs) return last;
    if (timeMs > lastMs) return -1;
    points ??= new Map(timesMs.map((time, point) => [time, point]));
    return points.get(timeMs) ?? -1;
  }

  function newPoint(timeMs: number): number {
    lastMs = Math.max(lastMs, timeMs);
    points?.set(timeMs, timesMs.length);
    return timesMs.push(timeMs) - 1;
  }

  function set(column: number, point: number, value: number): void {
    const values = columns[column] ??= [];
    if (values.length === point) values.push(value);
    else {
      while (values.length < point) values.push(NaN);
      values[point] = value;
    }
  }

  /** The first field that has another value already. */
  function conflict(point: number, { count, fields, values }: LineValues): Field | null {
    for (let index = 0; index < count; index++) {
      const before = columns[fields[index].column]?.[point];
      // Neither undefined nor NaN: a value that is there.
      if (before !== undefined && before === before && before !== values[index]) {
        return fields[index];
      }
    }
    return null;
  }

  return {
    ...of,
    timesMs,
    columns,
    lines,
    lineCounts,
    isTimed: () => isLastTimed,
    add({ timeMs, line, isTimed }, from, given) {
      let point = pointAt(timeMs);
      if (point < 0) {
        point = newPoint(timeMs);
        series[point] = from;
        lineCounts[point] = 0;
      } else if (series[point] !== from) {
        const field = conflict(point, given);
        if (field !== null) {
          return `device ${of.deviceId} has another value of ${field.key} at the same time, from ` +
            "a line with other tags; give each its own device_id";
        }
        series[point] = null;
      }
      for (let index = 0; index < given.count; index++) {
        set(given.fields[index].column, point, given.values[index]);
      }
      lines[point] = line;
      isLastTimed = isTimed;
      lineCounts[point]++;
      return null;
    },
  };
}

/**
 * What the first parts of lines say: measurement and device, looked up by their bytes.
 *
 * @module
 */

import { type MayTouch, TOUCH_RULES } from "../access/touch_rule.ts";
import {
  DEVICE_ID_PATTERN,
  DEVICE_ID_RULE,
  PROFILE_METRICS_MAX,
  QUOTED_VALUE_MAX,
} from "../limits.ts";
import { createKeyTable } from "./key_table.ts";
import { metricNameOf, profileNameOf } from "./names.ts";
import type { Field, PointGroup } from "./point_group.ts";
import { fieldKeyOf, readSeriesKey } from "./series_key.ts";

/** A measurement, by the name of its profile. */
export interface Measurement {
  /** The name of its profile. */
  readonly profile: string;
  /** Its fields that have a column, in the order of columns. */
  readonly fields: Field[];
  /** The columns by the names of their metrics in lower case: no two differ in case only. */
  readonly columns: Map<string, number>;
  /** All of its fields by their keys. */
  readonly byKey: Map<string, Field>;
  /** The points of each device that were read since they were last taken. */
  groups: Map<string, PointGroup>;
}

/** The device of a line, or why it has none. */
export type DeviceResult = { readonly id: string } | { readonly reason: string };

/** The first part of a line, before its fields. */
export interface Series {
  /** What is wrong with it; null if it can be read. */
  readonly reason: string | null;
  /** The measurement. */
  readonly measurement: Measurement;
  /** The device. */
  readonly device: DeviceResult;
  /** The fields of the last line that began so, which the next one probably has too. */
  readonly expected: Field[];
}

/** The first parts of the lines of a request. */
export interface SeriesTable {
  /** The first part at bytes `[start, end)`; `hash` is any number computed from these bytes. */
  get(bytes: Uint8Array, start: number, end: number, hash: number): Series;
  /** The field of a measurement at bytes `[start, end)`. */
  field(measurement: Measurement, bytes: Uint8Array, start: number, end: number): Field;
  /** Forgets the groups of all measurements. */
  forgetGroups(): void;
}

/** The measurement of lines that cannot be read. Nothing is ever added to it. */
const UNREADABLE: Measurement = newMeasurement("");

/** Creates an empty table. `idTags` are the tags that may name the device, one that may be touched. */
export function createSeriesTable(idTags: readonly string[], mayTouch?: MayTouch): SeriesTable {
  const measurements = new Map<string, Measurement>();

  function make(bytes: Uint8Array, start: number, end: number): Series {
    const result = readSeriesKey(bytes, start, end);
    if ("reason" in result) {
      const { reason } = result;
      return { reason, measurement: UNREADABLE, device: { reason }, expected: [] };
    }
    const { measurement, tags } = result.key;
    const device = deviceOf(tags, { idTags, mayTouch });
    // Lines without a device are dropped, so their fields must not become metrics of the profile.
    const own = "id" in device ? measurementOf(measurement) : newMeasurement("");
    return { reason: null, measurement: own, device, expected: [] };
  }

  function measurementOf(name: string): Measurement {
    const profile = profileNameOf(name);
    let measurement = measurements.get(profile);
    if (measurement === undefined) {
      measurement = newMeasurement(profile);
      measurements.set(profile, measurement);
    }
    return measurement;
  }

  return {
    get: createKeyTable(make).get,
    field({ byKey }, bytes, start, end) {
      const key = fieldKeyOf(bytes, start, end);
      let field = byKey.get(key);
      if (field === undefined) {
        const metric = metricNameOf(key);
        field = { key, bytes: bytes.slice(start, end), metric, column: -1 };
        // A key can be written in several ways, with or without needless backslashes.
        byKey.set(key, field);
      }
      return field;
    },
    forgetGroups() {
      for (const measurement of measurements.values()) measurement.groups = new Map();
    },
  };
}

function newMeasurement(profile: string): Measurement {
  return { profile, fields: [], columns: new Map(), byKey: new Map(), groups: new Map() };
}

/** The device by the first of the tags that a line has. */
function deviceOf(
  tags: ReadonlyMap<string, string>,
  { idTags, mayTouch }: { idTags: readonly string[]; mayTouch: MayTouch | undefined },
): DeviceResult {
  const tag = idTags.find((name) => tags.has(name));
  if (tag === undefined) {
    return { reason: `no tag names the device: one of ${idTags.join(", ")} must` };
  }
  const id = tags.get(tag) ?? "";
  const isId = DEVICE_ID_PATTERN.test(id);
  if (isId && (mayTouch === undefined || mayTouch(id))) return { id };
  const rule = isId ? TOUCH_RULES.device : DEVICE_ID_RULE;
  return { reason: `tag ${tag} must be ${rule}: '${id.slice(0, QUOTED_VALUE_MAX)}'` };
}

/**
 * The column of a field, which gets one if it has none yet; -1 if its measurement has as many columns
 * as a profile may have metrics.
 */
export function columnOf({ columns, fields }: Measurement, field: Field): number {
  if (field.column >= 0) return field.column;
  const name = field.metric.toLowerCase();
  const shared = columns.get(name);
  if (shared === undefined && fields.length === PROFILE_METRICS_MAX) return -1;
  field.column = shared ?? fields.push(field) - 1;
  columns.set(name, field.column);
  return field.column;
}

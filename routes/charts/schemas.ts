/**
 * What answers with data for charts look like.
 *
 * @module
 */

import { z } from "zod";
import { BUCKET_LENGTHS } from "../../data/time/calendar_buckets.ts";
import { count, instant } from "../openapi/schema_parts.ts";

const source = z.strictObject({
  kind: z.enum(["meter", "device"]),
  id: z.string().meta({ description: "Its id.", examples: ["123"] }),
}).meta({ id: "ChartSource", description: "Whose readings they are." });

const zoneField = z.string().meta({
  description: "The zone that the answer uses.",
  examples: ["Europe/Berlin"],
});

const cadenceField = z.number().positive().nullable().meta({
  description: "How often the source measures, seconds; null if it has too few readings.",
  examples: [60],
});

const rangeFields = {
  start_time: instant("The start of the range.", "2024-01-01T00:00:00Z"),
  end_time: instant("The end of the range, inclusive.", "2024-01-31T23:59:59.999Z"),
};

const nullableNumber = (description: string, example: number) =>
  z.number().nullable().meta({ description, examples: [example] });

/** Values by name: a list for each column, all of the same length. */
const columnValues = z.array(z.number().nullable());

/** A series by columns. */
export const seriesTable = z.strictObject({
  source,
  timezone: zoneField,
  interval: z.enum(["raw", ...BUCKET_LENGTHS]).meta({
    description: "The length of a bucket, or `raw` for readings as they are.",
    examples: ["1h"],
  }),
  ...rangeFields,
  cadence_seconds: cadenceField,
  rows: count("How many rows it has.", 744),
  timestamp: z.array(instant("A time.", "2024-01-01T00:00:00Z")).meta({
    description: "The times of the readings, or the starts of the buckets. Ascending.",
  }),
  units: z.record(z.string(), z.string()).meta({
    description: "The unit of each metric.",
    examples: [{ power_kw: "kW" }],
  }),
  columns: z.record(z.string(), columnValues).meta({
    description: "The values of each column. Null is missing. Of buckets a metric has four: the " +
      "one with its name (sum, mean or last, as the profile says), `_min`, `_max` and `_count`.",
    examples: [{ power_kw: [0.42, null] }],
  }),
}).meta({ description: "A range of a series, by columns." });

/** {@link seriesTable} as a type. */
export type SeriesTableBody = z.infer<typeof seriesTable>;

const clockChange = z.strictObject({
  date: z.iso.date().meta({ description: "The day.", examples: ["2024-10-27"] }),
  hours: z.number().meta({ description: "How many hours it has.", examples: [25] }),
  slot: count("The first slot that the clock skips or shows twice.", 120),
  slots: count("How many slots it skips or shows twice.", 60),
  again: columnValues.nullable().meta({
    description: "The values of the second passage of these slots; null if the clock skips them.",
  }),
}).meta({ id: "ClockChange", description: "A day on which the clock changes." });

/** A year as a grid. */
export const heatMap = z.strictObject({
  source,
  timezone: zoneField,
  year: z.int().meta({ description: "The year of the local calendar.", examples: [2024] }),
  metric: z.string().meta({ description: "The metric.", examples: ["power_kw"] }),
  unit: z.string().meta({ description: "Its unit.", examples: ["kW"] }),
  first_date: z.iso.date().meta({ description: "The first day.", examples: ["2024-01-01"] }),
  days: count("How many days it has.", 366),
  slots: count("How many slots a day has. All days have the slots of 24 hours.", 1_440),
  slot_seconds: count("How long a slot is, seconds.", 60),
  is_exact: z.boolean().meta({
    description: "Whether the values are exact. Else they are rounded to one of 65,534 steps.",
  }),
  changes: z.array(clockChange).meta({ description: "The days on which the clock changes." }),
  values: columnValues.meta({
    description: "The value of each slot, day by day. Null is missing.",
  }),
}).meta({ description: "A year of one metric: a cell for each day and time of day." });

/** {@link heatMap} as a type. */
export type HeatMapBody = z.infer<typeof heatMap>;

const gap = z.strictObject({
  from: instant("The first missing reading.", "2024-01-17T03:00:00Z"),
  to: instant("Where readings go on, exclusive.", "2024-01-17T04:30:00Z"),
  missing: count("How many readings are missing.", 90),
}).meta({ id: "Gap", description: "A stretch in which readings are missing." });

/** The gaps of a range. */
export const gapList = z.strictObject({
  source,
  ...rangeFields,
  cadence_seconds: cadenceField,
  readings: count("How many readings there are.", 44_550),
  missing: count("How many readings are missing.", 90),
  count: count("How many gaps there are in the range, listed or not.", 1),
  gaps: z.array(gap).meta({ description: "The first gaps, in the order of time." }),
  next: z.string().regex(/^\/(devices|api\/meters)\/[^?]+\?/).nullable().meta({
    description: "Where the list goes on; null if it has all gaps.",
    examples: ["/api/meters/123/gaps?start_time=2024-02-01T00%3A00%3A00Z"],
  }),
}).meta({ description: "Where readings are missing." });

/** {@link gapList} as a type. */
export type GapListBody = z.infer<typeof gapList>;

/** Statistics of a load. */
export const statistics = z.strictObject({
  source,
  timezone: zoneField,
  ...rangeFields,
  metric: z.string().meta({ description: "The metric.", examples: ["power_kw"] }),
  unit: z.string().meta({ description: "Its unit.", examples: ["kW"] }),
  interval: z.enum(BUCKET_LENGTHS).meta({
    description: "The length of the intervals that are counted: 15 minutes, or more if the " +
      "source measures less often. The value of one is the sum of its readings if the metric is " +
      "summed, and their mean otherwise. If the metric is summed, intervals in which readings are " +
      "missing are not counted.",
    examples: ["15m"],
  }),
  readings: count("How many readings have a value.", 44_640),
  intervals: count("How many intervals are counted.", 2_976),
  total: nullableNumber("The sum; null for metrics that are not summed.", 310.5),
  mean: nullableNumber("The mean of the readings.", 0.417),
  min: nullableNumber("The smallest reading.", 0.09),
  max: nullableNumber("The largest reading.", 4.8),
  peak: z.strictObject({
    value: z.number(),
    at: instant("The start of the interval.", "2024-01-14T17:45:00Z"),
  }).nullable().meta({ description: "The interval with the largest value." }),
  base_load: nullableNumber("The value that 95 % of the intervals reach.", 0.21),
  load_duration: z.array(z.array(z.number()).length(2)).meta({
    description:
      "The load duration curve in 200 steps: a share of the intervals from 0 to 1, and " +
      "the value that this share of them reaches. Empty without values.",
    examples: [[[0, 4.2], [0.5, 0.38], [1, 0.09]]],
  }),
}).meta({ description: "Total, mean, peak, base load and load duration curve." });

/** {@link statistics} as a type. */
export type StatisticsBody = z.infer<typeof statistics>;

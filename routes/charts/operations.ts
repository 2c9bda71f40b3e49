/**
 * The operations that give data for charts, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { PACKED_TYPE } from "../../data/charts/packed_columns.ts";
import { meterId } from "../meters/schemas.ts";
import { deviceIdParameter } from "../openapi/device_id.ts";
import type { Answer, Operation, Parameter } from "../openapi/operation.ts";
import { timezoneParameter } from "../readings/query.ts";
import { gapsQuery, heatMapQuery, seriesQuery, statisticsQuery } from "./query_schemas.ts";
import type { ChartKind } from "./chart_source.ts";
import { gapList, heatMap, seriesTable, statistics } from "./schemas.ts";

/** How the operations of a kind of source differ. */
interface KindTexts {
  readonly tag: Operation["tag"];
  readonly path: string;
  readonly idName: string;
  readonly one: string;
  readonly idParameter: Parameter;
  readonly unknown: "SMART_METER_NOT_FOUND" | "DEVICE_NOT_FOUND";
  readonly examples: {
    readonly metric: string;
    readonly time: string;
    readonly endTime: string;
    readonly year: string;
  };
}

const KINDS: Readonly<Record<ChartKind, KindTexts>> = {
  meter: {
    tag: "Meters",
    path: "/api/meters/{id}",
    idName: "Meter",
    one: "a smart meter",
    idParameter: meterId,
    unknown: "SMART_METER_NOT_FOUND",
    examples: {
      metric: "power_kw",
      time: "2024-01-05T00:00:00Z",
      endTime: "2024-02-01T00:00:00Z",
      year: "2024",
    },
  },
  device: {
    tag: "Devices",
    path: "/devices/{device_id}",
    idName: "Device",
    one: "a device",
    idParameter: deviceIdParameter,
    unknown: "DEVICE_NOT_FOUND",
    examples: {
      metric: "voltage_v",
      time: "2026-02-01T00:00:00Z",
      endTime: "2026-11-01T00:00:00Z",
      year: "2026",
    },
  },
};

const PACKED_TEXT = ` \`Accept: ${PACKED_TYPE}\` returns the same as one binary body, which is a ` +
  "fraction of the size: `OWC1`, the length of the head as u32, the head as JSON, then the " +
  "columns. The head says for each column its `type` (`u8`, `u16`, `u32`, `f64`, or `grid` " +
  "without bytes), its `offset` after the head, its `length`, `base`, `divisor` and `step`. " +
  "A value is `(base + number) / divisor`; the largest number of an integer type, and NaN, are " +
  "missing values. The numbers of a grid are `base + index × step`, divided likewise.";

/** The two ends of a range, documented. */
function rangeParameters({ examples }: KindTexts): Parameter[] {
  const { start_time, end_time } = statisticsQuery.shape;
  return [
    {
      in: "query",
      name: "start_time",
      description: "ISO 8601, inclusive; by default the first reading. A bare date is its " +
        "midnight, a time without an offset is on the clock of `timezone`.",
      schema: start_time,
      example: examples.time,
    },
    {
      in: "query",
      name: "end_time",
      description: "ISO 8601, inclusive; by default the last reading. A bare date is that whole " +
        "day.",
      schema: end_time,
      example: examples.endTime,
    },
  ];
}

const zone = timezoneParameter(
  "The zone of days and of times without an offset. By default that of the meter.",
);

/** The header that asks for the packed form. */
const acceptParameter: Parameter = {
  in: "header",
  name: "Accept",
  description: `\`application/json\` (default) or \`${PACKED_TYPE}\`.`,
  schema: z.string(),
  example: PACKED_TYPE,
};

function answerOf(description: string, schema: z.ZodType, isPacked: boolean): Answer {
  const binary = { mediaType: PACKED_TYPE, schema: z.string().meta({ format: "binary" }) };
  return {
    status: 200,
    description,
    headers: ["Cache-Control", "Vary"],
    content: [{ mediaType: "application/json", schema }, ...(isPacked ? [binary] : [])],
  };
}

function chartOperationsOf(kind: ChartKind): Operation[] {
  const texts = KINDS[kind];
  const { tag, path, idName, one, idParameter, unknown, examples } = texts;
  const shared = { method: "get", tag, problems: ["INVALID_REQUEST", unknown] } as const;
  const metric: Parameter = {
    in: "query",
    name: "metric",
    description:
      "The metric; by default one that measures a power and has values, else the first that " +
      "has values.",
    schema: heatMapQuery.shape.metric,
    example: examples.metric,
  };
  return [
    {
      ...shared,
      path: `${path}/series`,
      id: `get${idName}Series`,
      summary: `Get a series of ${one} by columns`,
      description: "Returns a range of any length by columns: readings as they are, or one row " +
        "for each bucket. With the interval `auto` it chooses the shortest one that has at most " +
        "about `points` rows, so ten years cost no more than a day. An answer has at most 600,000 " +
        `rows. Buckets without readings have null, never 0.${PACKED_TEXT}`,
      parameters: [
        idParameter,
        ...rangeParameters(texts),
        {
          in: "query",
          name: "interval",
          description: "The length of a bucket, `raw` for readings as they are, or `auto`.",
          schema: seriesQuery.shape.interval,
          example: "1h",
        },
        {
          in: "query",
          name: "metrics",
          description: "The metrics, separated by commas; by default all. One is the fastest.",
          schema: seriesQuery.shape.metrics,
          example: examples.metric,
        },
        {
          in: "query",
          name: "points",
          description:
            "With `interval=auto`, about how many rows to return at most, 100 to 50,000.",
          schema: seriesQuery.shape.points,
          example: "500",
        },
        zone,
        acceptParameter,
      ],
      answers: [answerOf("The series.", seriesTable, true)],
    },
    {
      ...shared,
      path: `${path}/heatmap`,
      id: `get${idName}HeatMap`,
      summary: `Get a year of ${one} as a grid`,
      description: "Returns one value for each day and time of day of a year, on the clock of " +
        "`timezone`: for a heat map. A slot is as long as the source's cadence, 1 minute to 1 " +
        "hour. `changes` lists the days with 23 or 25 hours. In the packed form, `again_at` says " +
        `where the second passage of a repeated hour begins.${PACKED_TEXT}`,
      parameters: [
        idParameter,
        {
          in: "query",
          name: "year",
          description: "The year of the local calendar; by default that of the last reading.",
          schema: heatMapQuery.shape.year,
          example: examples.year,
        },
        metric,
        {
          in: "query",
          name: "slot",
          description: "The length of a slot; `auto` for the cadence of the source.",
          schema: heatMapQuery.shape.slot,
          example: "1h",
        },
        zone,
        acceptParameter,
      ],
      answers: [answerOf("The grid.", heatMap, true)],
    },
    {
      ...shared,
      path: `${path}/gaps`,
      id: `get${idName}Gaps`,
      summary: `List the gaps of ${one}`,
      description: "Lists where readings are missing at the cadence of the source, between its " +
        "first and its last reading.",
      parameters: [
        idParameter,
        ...rangeParameters(texts),
        {
          in: "query",
          name: "limit",
          description: "The most gaps of a page, 1 to 1000.",
          schema: gapsQuery.shape.limit,
          example: "10",
        },
        zone,
      ],
      answers: [answerOf("The gaps.", gapList, false)],
    },
    {
      ...shared,
      path: `${path}/statistics`,
      id: `get${idName}Statistics`,
      summary: `Get total, peak and base load of ${one}`,
      description: "Returns total, mean, peak, base load and the load duration curve of one " +
        "metric over a range. For two years next to each other, ask twice.",
      parameters: [idParameter, ...rangeParameters(texts), metric, zone],
      answers: [answerOf("The statistics.", statistics, false)],
    },
  ];
}

/** The operations of meters and of devices. */
export const chartOperations: readonly Operation[] = [
  ...chartOperationsOf("meter"),
  ...chartOperationsOf("device"),
];

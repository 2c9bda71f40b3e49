/**
 * The operations that return readings of devices, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { deviceIdParameter } from "../openapi/device_id.ts";
import type { Operation } from "../openapi/operation.ts";
import { readingsAnswer, readingsParameters, timezoneParameter } from "../readings/query.ts";
import { daySummary, metricsAnswer } from "./readings_schemas.ts";

const metrics: Operation = {
  method: "get",
  path: "/devices/{device_id}/metrics",
  id: "getDeviceMetrics",
  tag: "Devices",
  summary: "Get the readings of a device",
  description: "Returns the readings of at most 8 days, both ends included, and at most 50,000 " +
    "rows. If there are more, `Link` and `next` say where they go on. If you leave an end of the " +
    "range open, the answer says which range it covers (`start_time` and `end_time`, or the " +
    "headers `Start-Time` and `End-Time`), and links to later readings even if this range is " +
    "empty.\n\nWith `interval` you get the minimum, maximum, mean and count of each bucket. " +
    "Buckets are counted from midnight in `timezone`; days there may have 23 or 25 hours. " +
    "`Accept: text/csv` returns CSV.",
  parameters: [
    deviceIdParameter,
    ...readingsParameters,
  ],
  answers: [readingsAnswer(metricsAnswer)],
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND"],
};

const summary: Operation = {
  method: "get",
  path: "/devices/{device_id}/summary",
  id: "getDeviceSummary",
  tag: "Devices",
  summary: "Get a summary of a day",
  description: "Returns the minimum, maximum and mean of each metric over a calendar day in " +
    "`timezone`, which may have 23 or 25 hours.",
  parameters: [
    deviceIdParameter,
    {
      in: "query",
      name: "date",
      description: "The day; today by default.",
      schema: z.string().regex(/^\d{4}-\d\d-\d\d$/).meta({ format: "date" }),
      example: "2026-02-01",
    },
    timezoneParameter("The zone of the day."),
  ],
  answers: [{
    status: 200,
    description: "The day.",
    content: [{ mediaType: "application/json", schema: daySummary }],
  }],
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND"],
};

/** Every operation of this file. */
export const deviceReadingsOperations: readonly Operation[] = [metrics, summary];

/**
 * The operations about the uptime of one store and its hours, as the OpenAPI document describes them.
 *
 * @module
 */

import type { z } from "zod";
import type { Operation } from "../openapi/operation.ts";
import { EXAMPLE_STORE_ID, storeDetail, storeIdParameter } from "./schemas.ts";
import {
  storeChange,
  storeDay,
  storeUptime,
  uptimePreview,
  uptimePreviewRequest,
  uptimeQuery,
} from "./uptime_schemas.ts";

const json = (schema: z.ZodType) => [{ mediaType: "application/json", schema }];

const query = (name: keyof typeof uptimeQuery.shape, example: string) => ({
  in: "query" as const,
  name,
  description: uptimeQuery.shape[name].meta()?.description ?? "",
  schema: uptimeQuery.shape[name],
  example,
});

const RULES = "The rules are those of reports: only time within business hours counts, and the " +
  "status of a poll is valid until the next poll, or for `max_hold_hours`.";

const uptime: Operation = {
  method: "get",
  path: "/stores/{store_id}/uptime",
  id: "getStoreUptime",
  tag: "Stores",
  summary: "Get the uptime of a store",
  description: "How long the store was up, down, unknown and closed, in days or hours of its own " +
    `clock. ${RULES}`,
  parameters: [
    storeIdParameter,
    query("days", "90"),
    query("from", "2023-01-24"),
    query("to", "2023-01-25"),
    query("bucket", "day"),
    query("max_hold_hours", "24"),
  ],
  answers: [{ status: 200, description: "The uptime.", content: json(storeUptime) }],
  problems: ["INVALID_REQUEST", "STORE_NOT_FOUND"],
};

const day: Operation = {
  method: "get",
  path: "/stores/{store_id}/uptime/{date}",
  id: "getStoreDay",
  tag: "Stores",
  summary: "Explain a day of a store",
  description: "When the store was open on a day of its own clock, and which polls say that it " +
    `was up or down. ${RULES}`,
  parameters: [
    storeIdParameter,
    {
      in: "path",
      name: "date",
      description: "The day, since 1970 and not in the future.",
      schema: storeDay.shape.date,
      example: "2023-01-25",
    },
    query("max_hold_hours", "24"),
  ],
  answers: [{ status: 200, description: "The day.", content: json(storeDay) }],
  problems: ["INVALID_REQUEST", "STORE_NOT_FOUND"],
};

const EXAMPLE_CHANGE = {
  timezone_str: "America/New_York",
  hours: [
    { day_of_week: 0, start_time_local: "09:00", end_time_local: "17:00" },
    { day_of_week: 5, start_time_local: "22:00", end_time_local: "02:00" },
  ],
};

const preview: Operation = {
  method: "post",
  path: "/stores/{store_id}/uptime/preview",
  id: "previewStoreUptime",
  tag: "Stores",
  summary: "Try hours on the last week",
  description: "What the uptime of the seven days before today would have been with other hours " +
    `or another time zone. Changes nothing. ${RULES}`,
  parameters: [storeIdParameter],
  body: [{
    mediaType: "application/json",
    schema: uptimePreviewRequest,
    examples: { hours: { summary: "Other hours", value: EXAMPLE_CHANGE } },
  }],
  answers: [{
    status: 200,
    description: "The last week with and without the change.",
    content: json(uptimePreview),
  }],
  problems: [
    "INVALID_REQUEST",
    "STORE_NOT_FOUND",
    "UNSUPPORTED_MEDIA_TYPE",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
  ],
};

const change: Operation = {
  method: "put",
  path: "/stores/{store_id}",
  id: "changeStore",
  tag: "Stores",
  summary: "Change the hours or the time zone of a store",
  description: "Replaces the hours, the time zone, or both. Sets up a store that has no polls " +
    "yet. Spans may overlap and run over midnight, as in uploads of hours.",
  parameters: [{ ...storeIdParameter, example: EXAMPLE_STORE_ID }],
  body: [{
    mediaType: "application/json",
    schema: storeChange,
    examples: { week: { summary: "Hours and a time zone", value: EXAMPLE_CHANGE } },
  }],
  answers: [{ status: 200, description: "The store.", content: json(storeDetail) }],
  problems: [
    "INVALID_REQUEST",
    "STORE_NOT_FOUND",
    "UNSUPPORTED_MEDIA_TYPE",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
  ],
};

/** The operations. */
export const uptimeOperations: readonly Operation[] = [uptime, day, preview, change];

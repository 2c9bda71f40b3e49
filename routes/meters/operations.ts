/**
 * The operations under `/api/meters`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { importOperation } from "./import_operation.ts";
import { runningImport } from "../imports/schemas.ts";
import { meterId, meterIdText } from "./schemas.ts";
import { listQuery } from "./meters.ts";
import type { Operation } from "../openapi/operation.ts";
import { count, instant } from "../openapi/schema_parts.ts";

/** A smart meter as a list has it. */
export const meterSchema: z.ZodType = z.strictObject({
  smart_meter_id: meterIdText,
  count: z.int().min(1).meta({ description: "How many readings it has.", examples: [44_640] }),
  first_reading: instant("Time of the first.", "2024-01-01T00:00:00Z"),
  last_reading: instant("Time of the last.", "2024-01-31T23:59:00Z"),
}).meta({ description: "A smart meter that has readings." });

/** A smart meter as a whole. */
export const meterDetail: z.ZodType = z.strictObject({
  smart_meter_id: meterIdText,
  count: count("How many readings it has.", 44_640),
  first_reading: instant("Time of the first; null without any.", "2024-01-01T00:00:00Z").nullable(),
  last_reading: instant("Time of the last; null without any.", "2024-01-31T23:59:00Z").nullable(),
  imports: z.array(runningImport).meta({
    description: "Imports into it that run in the process which answers, the oldest first.",
  }),
}).meta({ description: "A smart meter that has readings, or whose first ones are on their way." });

/** A page of smart meters. */
export const meterList: z.ZodType = z.strictObject({
  meters: z.array(meterSchema).meta({ description: "In the order of their ids." }),
  next: z.string().regex(/^\/api\/meters\?limit=\d+&after=[A-Za-z0-9_.%-]+$/).nullable().meta({
    description: "The next page; null on the last.",
    examples: ["/api/meters?limit=100&after=123"],
  }),
}).meta({ description: "A page of smart meters." });

const list: Operation = {
  method: "get",
  path: "/api/meters",
  id: "listMeters",
  tag: "Meters",
  summary: "List smart meters",
  description: "Smart meters that have readings, in the order of their ids.",
  parameters: [
    {
      in: "query",
      name: "limit",
      description: "How many at most, 1 to 1000.",
      schema: listQuery.shape.limit,
      example: 10,
    },
    {
      in: "query",
      name: "after",
      description: "Only those behind this id, which need not be there.",
      schema: listQuery.shape.after,
      example: "100",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of them.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: meterList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const look: Operation = {
  method: "get",
  path: "/api/meters/{id}",
  id: "getMeter",
  tag: "Meters",
  summary: "Look at a smart meter",
  description: "How many readings there are, from when to when, and how far imports are.",
  parameters: [meterId],
  answers: [{
    status: 200,
    description: "The meter.",
    content: [{ mediaType: "application/json", schema: meterDetail }],
  }],
  problems: ["INVALID_REQUEST", "SMART_METER_NOT_FOUND"],
};

const remove: Operation = {
  method: "delete",
  path: "/api/meters/{id}",
  id: "deleteMeter",
  tag: "Meters",
  summary: "Remove a smart meter",
  description: "Removes all of its readings. Files of exports stay until they expire.",
  parameters: [meterId],
  answers: [{ status: 204, description: "There are no readings of it any more." }],
  problems: ["INVALID_REQUEST", "SMART_METER_NOT_FOUND"],
};

/** All of them. */
export const meterOperations: readonly Operation[] = [
  list,
  look,
  remove,
  importOperation,
];

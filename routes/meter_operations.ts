/**
 * The operations under `/api/meters`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN, METER_ID_RULE, REJECTS_LISTED } from "../data/limits.ts";
import { listQuery } from "./meters.ts";
import { headOf, type Operation, type Parameter } from "./operation.ts";

const meterIdText = z.string().regex(METER_ID_PATTERN)
  .meta({ description: "The meter.", examples: ["123"] });

function instant(description: string, example: string): z.ZodType<string> {
  return z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/)
    .meta({ format: "date-time", description, examples: [example] });
}

function count(description: string, example: number): z.ZodInt {
  return z.int().min(0).meta({ description, examples: [example] });
}

/** A smart meter as a whole. */
export const meterSchema: z.ZodType = z.strictObject({
  smart_meter_id: meterIdText,
  count: z.int().min(1).meta({ description: "How many readings it has.", examples: [44_640] }),
  first_reading: instant("Time of the first.", "2024-01-01T00:00:00Z"),
  last_reading: instant("Time of the last.", "2024-01-31T23:59:00Z"),
}).meta({ description: "A smart meter that has readings." });

/** A page of smart meters. */
export const meterList: z.ZodType = z.strictObject({
  meters: z.array(meterSchema).meta({ description: "In the order of their ids." }),
  next: z.string().regex(/^\/api\/meters\?limit=\d+&after=[A-Za-z0-9_.%-]+$/).nullable().meta({
    description: "The next page; null on the last.",
    examples: ["/api/meters?limit=100&after=123"],
  }),
}).meta({ description: "A page of smart meters." });

/** A line of an upload that was not taken. */
export const rejectSchema: z.ZodType = z.strictObject({
  line: z.int().min(2).meta({
    description: "Its line; the header is line 1.",
    examples: [5],
  }),
  field: z.string().nullable().meta({
    description: "The column that is wrong; null where the whole line is.",
    examples: ["voltage_v"],
  }),
  value: z.string().max(100).meta({ description: "What stands there.", examples: ["-1"] }),
  rule: z.string().meta({ description: "The rule it breaks.", examples: ["0 to 1000000 V"] }),
}).meta({ description: "A line that was not taken." });

/** What came of an import. */
export const importReport: z.ZodType = z.strictObject({
  smart_meter_id: meterIdText,
  received: count("Lines behind the header.", 4),
  inserted: count("Times that were new.", 1),
  updated: count("Times that had other values.", 1),
  unchanged: count("Lines that changed nothing.", 1),
  rejected: count("Lines that were not taken.", 1),
  rejects: z.array(rejectSchema).max(REJECTS_LISTED)
    .meta({ description: `The first ${REJECTS_LISTED} of those.` }),
  ignored_columns: z.array(z.string())
    .meta({ description: "Columns that mean nothing here.", examples: [["note"]] }),
}).meta({
  description: "What came of an import: `received` = `inserted` + `updated` + `unchanged` + " +
    "`rejected`.",
});

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

const meterId: Parameter = {
  in: "path",
  name: "id",
  description: `The meter's id: ${METER_ID_RULE}.`,
  schema: z.string().regex(METER_ID_PATTERN),
  example: "123",
};

const look: Operation = {
  method: "get",
  path: "/api/meters/{id}",
  id: "getMeter",
  tag: "Meters",
  summary: "Look at a smart meter",
  description: "How many readings there are, and from when to when.",
  parameters: [meterId],
  answers: [{
    status: 200,
    description: "The meter.",
    content: [{ mediaType: "application/json", schema: meterSchema }],
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

const importReadings: Operation = {
  method: "post",
  path: "/api/meters/{id}/readings",
  id: "importReadings",
  tag: "Meters",
  summary: "Import readings",
  description: "Takes a CSV of any length with a comma and a decimal point: columns by name in " +
    "any order, `timestamp` and at least one of `energy_kwh`, `power_kw`, `voltage_v`, " +
    "`current_a`; an empty field is a missing value. A reading with a known time replaces the " +
    "whole earlier one. Good lines are stored as they come in, also when the upload breaks off; " +
    "sending the same again completes it.",
  parameters: [meterId],
  body: [{
    mediaType: "text/csv",
    schema: z.string(),
    examples: {
      two_minutes: {
        summary: "Two minutes",
        value: "timestamp,energy_kwh,power_kw,voltage_v,current_a\n" +
          "2024-05-01T12:00:00Z,0.0167,1.002,230.1,4.35\n" +
          "2024-05-01T12:01:00Z,0.0171,1.026,230.0,4.46\n",
      },
      power_only: {
        summary: "Power alone, in local time",
        value: "timestamp,power_kw\n2024-05-01T14:02:00+02:00,1.1\n",
      },
    },
  }],
  answers: [{
    status: 200,
    description: "The upload was read to its end; `rejects` tells what was not taken.",
    content: [{ mediaType: "application/json", schema: importReport }],
  }],
  problems: ["INVALID_REQUEST", "MALFORMED_BODY", "UNSUPPORTED_MEDIA_TYPE", "SERIES_BUSY"],
};

/** All of them. */
export const meterOperations: readonly Operation[] = [
  list,
  headOf(list),
  look,
  headOf(look),
  remove,
  importReadings,
];

/**
 * The operations under `/api/meters`, as the OpenAPI document describes them.
 *
 * @module
 */

import { importPresetOperations } from "./import_preset_operations.ts";
import { importOperation, manyImportOperation } from "./import_operation.ts";
import { inspectOperation, presetsOperation } from "./inspect_operation.ts";
import { readingsAnswer, readingsParameters } from "../readings/query.ts";
import {
  listQuery,
  meterChange,
  meterDetail,
  meterId,
  meterList,
  meterReadings,
  meterSchema,
} from "./schemas.ts";
import type { Operation } from "../openapi/operation.ts";

const list: Operation = {
  method: "get",
  path: "/api/meters",
  id: "listMeters",
  tag: "Meters",
  summary: "List smart meters",
  description: "Smart meters that have readings, or that you set up, in the order of their ids.",
  parameters: [
    {
      in: "query",
      name: "limit",
      description: "The most meters a page has, 1 to 1000.",
      schema: listQuery.shape.limit,
      example: 10,
    },
    {
      in: "query",
      name: "after",
      description: "List only ids after this one. There need not be a meter with this id.",
      schema: listQuery.shape.after,
      example: "100",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of smart meters.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: meterList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const show: Operation = {
  method: "get",
  path: "/api/meters/{id}",
  id: "getMeter",
  tag: "Meters",
  summary: "Show a smart meter",
  description: "How many readings it has, from when to when, and how far running imports are.",
  parameters: [meterId],
  answers: [{
    status: 200,
    description: "The meter.",
    content: [{ mediaType: "application/json", schema: meterDetail }],
  }],
  problems: ["INVALID_REQUEST", "SMART_METER_NOT_FOUND"],
};

const readings: Operation = {
  method: "get",
  path: "/api/meters/{id}/readings",
  id: "getMeterReadings",
  tag: "Meters",
  summary: "Get the readings of a smart meter",
  description: "Returns the readings of at most 8 days, both ends included, and at most 50,000 " +
    "rows. If there are more, `Link` and `next` say where they go on. If you leave an end of the " +
    "range open, the answer says which range it covers (`start_time` and `end_time`, or the " +
    "headers `Start-Time` and `End-Time`), and links to later readings even if this range is " +
    "empty. For longer ranges as one file, create an export.\n\nWith `interval` you get the " +
    "minimum, maximum, mean and count of each bucket. Buckets are counted from midnight in " +
    "`timezone`; with `1d` they are days of that zone, which may have 23 or 25 hours. " +
    "`Accept: text/csv` returns CSV.",
  parameters: [
    meterId,
    ...readingsParameters,
  ],
  answers: [readingsAnswer(meterReadings)],
  problems: ["INVALID_REQUEST", "SMART_METER_NOT_FOUND"],
};

const put: Operation = {
  method: "put",
  path: "/api/meters/{id}",
  id: "putMeter",
  tag: "Meters",
  summary: "Set up or change a smart meter",
  description:
    "Members that the body does not name stay as they are; null resets a member. A meter " +
    "that you never set up has the profile `meter`. With another profile it may have three phases, " +
    "or registers for import and export. The profile cannot change once there are readings.",
  parameters: [meterId],
  body: [{
    mediaType: "application/json",
    schema: meterChange,
    examples: {
      all: {
        summary: "Set everything",
        value: { profile: "meter", label: "House", timezone: "Europe/Paris" },
      },
      some: { summary: "Remove the label", value: { label: null } },
    },
  }],
  answers: [
    {
      status: 200,
      description: "The changed meter.",
      content: [{ mediaType: "application/json", schema: meterSchema }],
    },
    {
      status: 201,
      description: "The meter, which had not been set up before.",
      content: [{ mediaType: "application/json", schema: meterSchema }],
    },
  ],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "METER_PROFILE_FIXED",
    "PROFILE_NOT_FOUND",
    "ID_TAKEN",
  ],
};

/** All operations on meters. */
export const meterOperations: readonly Operation[] = [
  list,
  show,
  put,
  readings,
  importOperation,
  manyImportOperation,
  inspectOperation,
  presetsOperation,
  ...importPresetOperations,
];

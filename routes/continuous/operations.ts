/**
 * The operations under `/api/continuous-exports`, as the OpenAPI document describes them.
 *
 * @module
 */

import {
  continuousExport,
  continuousExportList,
  exportListQuery,
  replayRequest,
} from "./schemas.ts";
import { deviceIdParameter } from "../openapi/device_id.ts";
import { cursorText } from "../openapi/list_query.ts";
import { headOf, type Operation } from "../openapi/operation.ts";

const list: Operation = {
  method: "get",
  path: "/api/continuous-exports",
  id: "listContinuousExports",
  tag: "Continuous exports",
  summary: "List continuous exports",
  description: "Of every device that is or was exported, in the order of their ids.",
  parameters: [
    {
      in: "query",
      name: "limit",
      description: "How many at most, 1 to 1000.",
      schema: exportListQuery.shape.limit,
      example: 10,
    },
    {
      in: "query",
      name: "cursor",
      description: "Only those behind this id, which need not be there.",
      schema: cursorText,
      example: "test-000",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of them.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: continuousExportList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const look: Operation = {
  method: "get",
  path: "/api/continuous-exports/{device_id}",
  id: "getContinuousExport",
  tag: "Continuous exports",
  summary: "Look at the continuous export of a device",
  description: "How far it is, what was written last, and what is wrong.",
  parameters: [deviceIdParameter],
  answers: [{
    status: 200,
    description: "The export.",
    content: [{ mediaType: "application/json", schema: continuousExport }],
  }],
  problems: ["INVALID_REQUEST", "CONTINUOUS_EXPORT_NOT_FOUND"],
};

/** Something that is asked of an export. */
function order(
  verb: string,
  parts: Pick<Operation, "id" | "summary" | "description"> & Partial<Operation>,
): Operation {
  const { problems = [], ...texts } = parts;
  return {
    method: "post",
    path: `/api/continuous-exports/{device_id}/${verb}`,
    tag: "Continuous exports",
    ...texts,
    parameters: [deviceIdParameter],
    answers: [{
      status: 202,
      description: "It is noted. The export as it is now.",
      content: [{ mediaType: "application/json", schema: continuousExport }],
    }],
    problems: ["INVALID_REQUEST", "CONTINUOUS_EXPORT_NOT_FOUND", ...problems],
  };
}

const orders = [
  order("pause", {
    id: "pauseContinuousExport",
    summary: "Let the export of a device rest",
    description: "What is on its way ends. What comes in meanwhile is exported when it goes on. " +
      "It rests over restarts too.",
  }),
  order("resume", {
    id: "resumeContinuousExport",
    summary: "Let the export of a device go on",
    description: "Nothing changes where it does not rest.",
  }),
  order("run", {
    id: "runContinuousExport",
    summary: "Look at a device now",
    description: "Exports windows that are over, and those that readings came late for, without " +
      "waiting for the next turn. An export that rests does so when it goes on.",
  }),
  order("replay", {
    id: "replayContinuousExport",
    summary: "Write windows again",
    description: "Writes the objects of a span again, from what the source holds now, whether " +
      "they differ or not. Windows that are not over are left to their turn.",
    body: [{
      mediaType: "application/json",
      schema: replayRequest,
      examples: {
        day: {
          summary: "A day",
          value: { from: "2026-02-07T00:00:00Z", to: "2026-02-08T00:00:00Z" },
        },
      },
    }],
    problems: ["MALFORMED_BODY", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"],
  }),
];

/** All of them. */
export const continuousExportOperations: readonly Operation[] = [
  list,
  headOf(list),
  look,
  headOf(look),
  ...orders,
];

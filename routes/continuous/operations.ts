/**
 * The operations under `/api/continuous-exports`, for the OpenAPI document.
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
import type { Operation } from "../openapi/operation.ts";

const list: Operation = {
  method: "get",
  path: "/api/continuous-exports",
  id: "listContinuousExports",
  tag: "Continuous exports",
  summary: "List continuous exports",
  description: "Lists every device that is or was exported, ordered by device id.",
  parameters: [
    {
      in: "query",
      name: "limit",
      description: "Number of exports per page, 1 to 1000.",
      schema: exportListQuery.shape.limit,
      example: 10,
    },
    {
      in: "query",
      name: "cursor",
      description: "Lists only ids after this one. The id need not exist.",
      schema: cursorText,
      example: "test-000",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of exports.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: continuousExportList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const get: Operation = {
  method: "get",
  path: "/api/continuous-exports/{device_id}",
  id: "getContinuousExport",
  tag: "Continuous exports",
  summary: "Get the continuous export of a device",
  description: "Shows how far the export is, which object was written last, and what is wrong.",
  parameters: [deviceIdParameter],
  answers: [{
    status: 200,
    description: "The export.",
    content: [{ mediaType: "application/json", schema: continuousExport }],
  }],
  problems: ["INVALID_REQUEST", "CONTINUOUS_EXPORT_NOT_FOUND"],
};

/** An operation that changes the controls of an export. */
function control(
  action: string,
  parts: Pick<Operation, "id" | "summary" | "description"> & Partial<Operation>,
): Operation {
  const { problems = [], ...texts } = parts;
  return {
    method: "post",
    path: `/api/continuous-exports/{device_id}/${action}`,
    tag: "Continuous exports",
    ...texts,
    parameters: [deviceIdParameter],
    answers: [{
      status: 202,
      description: "The request is accepted. The body shows the export as it is now.",
      content: [{ mediaType: "application/json", schema: continuousExport }],
    }],
    problems: ["INVALID_REQUEST", "CONTINUOUS_EXPORT_NOT_FOUND", ...problems],
  };
}

const controls = [
  control("pause", {
    id: "pauseContinuousExport",
    summary: "Pause the export of a device",
    description: "Objects on their way are finished first. Readings that arrive during the pause " +
      "are exported when you resume. The pause outlives restarts of the service.",
  }),
  control("resume", {
    id: "resumeContinuousExport",
    summary: "Resume the export of a device",
    description: "Does nothing if the export is not paused.",
  }),
  control("run", {
    id: "runContinuousExport",
    summary: "Export a device now",
    description:
      "Exports windows that have ended and windows with late readings at once, instead " +
      "of at the next regular pass. If the export is paused, it runs when you resume.",
  }),
  control("replay", {
    id: "replayContinuousExport",
    summary: "Write windows again",
    description: "Writes the objects of a span again from the current readings, changed or not. " +
      "Windows that have not ended are exported later as usual.",
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

/** All operations. */
export const continuousExportOperations: readonly Operation[] = [
  list,
  get,
  ...controls,
];

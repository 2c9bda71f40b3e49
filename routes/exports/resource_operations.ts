/**
 * The operations under `/api/exports`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { createdAnswers, CREATION_PROBLEMS } from "../jobs/job_operations.ts";
import { fileOperation } from "../jobs/file_operations.ts";
import { idempotencyKeyHeader, preferWaitOrAsync } from "../jobs/request_headers.ts";
import type { Link, Operation, Parameter } from "../openapi/operation.ts";
import { EXPORT_EXAMPLES, previewOperations } from "./preview_operations.ts";
import { exportBody } from "./request_schemas.ts";
import { exportListQuery } from "./list_schemas.ts";
import { exportList, exportManifest, exportResource } from "./resource_schemas.ts";
import { exportAccepted } from "./schemas.ts";

/** The id in the examples. */
const EXAMPLE_EXPORT = "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a";

const NEXT: Readonly<Record<string, Link>> = {
  export: {
    operationId: "getExport",
    parameters: { export_id: "$response.body#/job_id" },
    description: "Poll the export until it has ended.",
  },
  download: {
    operationId: "downloadExport",
    parameters: { job_id: "$response.body#/job_id" },
    description: "Download the file once the export is `completed`.",
  },
};

const create: Operation = {
  method: "post",
  path: "/api/exports",
  id: "createExportOf",
  tag: "Exports",
  summary: "Create an export of meters or devices",
  description: "Creates a job that writes readings to a file: of one source or up to 1,000, as " +
    "they are or aggregated by the clock of a zone. An error lists everything that is wrong, each " +
    "with its rule. Read the export until it has ended, then download the file. With " +
    "`Prefer: wait=30` one request is enough.",
  parameters: [preferWaitOrAsync, idempotencyKeyHeader("january-of-meter-123")],
  body: [{ mediaType: "application/json", schema: exportBody, examples: EXPORT_EXAMPLES }],
  answers: createdAnswers(exportAccepted, NEXT),
  problems: [...CREATION_PROBLEMS, "SERIES_BUSY"],
};

/** The id of an export in a path. */
const exportId: Parameter = {
  in: "path",
  name: "export_id",
  description: "The id of the export, in upper or lower case.",
  schema: z.string().min(1),
  example: EXAMPLE_EXPORT,
};

const read: Operation = {
  method: "get",
  path: "/api/exports/{export_id}",
  id: "getExport",
  tag: "Exports",
  summary: "Read an export",
  description: "The request, the times, the progress, and the file once the export is " +
    "`completed`.",
  parameters: [exportId],
  answers: [{
    status: 200,
    description: "The export.",
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema: exportResource }],
  }],
  problems: ["JOB_NOT_FOUND"],
};

const list: Operation = {
  method: "get",
  path: "/api/exports",
  id: "listExports",
  tag: "Exports",
  summary: "List exports",
  description: "Lists exports, the newest first, until their records are deleted.",
  parameters: [
    {
      in: "query",
      name: "limit",
      description: "How many exports a page has at most, 1 to 100; 20 by default.",
      schema: exportListQuery.shape.limit,
      example: 20,
    },
    {
      in: "query",
      name: "cursor",
      description: "Where to continue: take it from `next`.",
      schema: exportListQuery.shape.cursor,
      example: `1706774400000_${EXAMPLE_EXPORT}`,
    },
    {
      in: "query",
      name: "source",
      description: "Only exports of this meter or device.",
      schema: exportListQuery.shape.source,
      example: "123",
    },
    {
      in: "query",
      name: "status",
      description: "Only exports with this status.",
      schema: exportListQuery.shape.status,
      example: "completed",
    },
    {
      in: "query",
      name: "from",
      description: "Only exports created at this time or later; UTC unless it has an offset.",
      schema: exportListQuery.shape.from,
      example: "2024-02-01",
    },
    {
      in: "query",
      name: "to",
      description: "Only exports created before this time; a date means the end of that day.",
      schema: exportListQuery.shape.to,
      example: "2024-02-29",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of exports.",
    headers: ["Cache-Control"],
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: exportList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const remove: Operation = {
  method: "delete",
  path: "/api/exports/{export_id}",
  id: "deleteExport",
  tag: "Exports",
  summary: "Cancel or remove an export",
  description:
    "Cancels an export that waits or runs: it ends within a second, without a file. Of " +
    "an export that has ended, it deletes the file and the record.",
  parameters: [exportId],
  answers: [
    {
      status: 200,
      description: "The export was cancelled.",
      content: [{ mediaType: "application/json", schema: exportResource }],
    },
    {
      status: 202,
      description: "The export is being cancelled: another process runs it.",
      content: [{ mediaType: "application/json", schema: exportResource }],
    },
    { status: 204, description: "The file and the record were deleted." },
  ],
  problems: ["JOB_NOT_FOUND", "STORAGE_UNAVAILABLE"],
};

const repeat: Operation = {
  ...create,
  path: "/api/exports/{export_id}/repeat",
  id: "repeatExport",
  summary: "Repeat an export",
  description: "Creates an export with the same request and the readings that are stored now. A " +
    "`period` such as `last_month` counts from now.",
  parameters: [exportId, ...create.parameters ?? []],
  body: undefined,
  problems: [
    "INVALID_REQUEST",
    "JOB_NOT_FOUND",
    "IDEMPOTENCY_KEY_REUSED",
    "DELIVERY_NOT_CONFIGURED",
    "JOBS_LIMITED",
    "QUOTA_EXCEEDED",
  ],
};

const manifest: Operation = {
  method: "get",
  path: "/api/exports/{export_id}/manifest",
  id: "getExportManifest",
  tag: "Exports",
  summary: "Read the manifest of an export",
  description:
    "What a completed export has written, and from what: request, data revision, rows, " +
    "gaps and digest. It stays after the file has expired, as long as the record.",
  parameters: [exportId],
  answers: [{
    status: 200,
    description: "The manifest.",
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema: exportManifest }],
  }],
  problems: ["JOB_NOT_FOUND", "EXPORT_NOT_READY", "EXPORT_FAILED", "EXPORT_CANCELLED"],
};

const events: Operation = {
  method: "get",
  path: "/api/exports/{export_id}/events",
  id: "watchExport",
  tag: "Exports",
  summary: "Watch an export",
  description: "Server-sent events: `progress` with `status` and `progress`, at most 4 a second, " +
    "then `end` with the whole export, and the stream ends. A comment every 4 seconds keeps the " +
    "connection. With `Last-Event-ID` you miss nothing and see nothing twice.",
  parameters: [exportId, {
    in: "header",
    name: "Last-Event-ID",
    description: "The id of the last event that you have seen.",
    schema: z.string(),
    example: "running-1-1-20000-44",
  }],
  answers: [
    {
      status: 200,
      description: "The events.",
      headers: ["Cache-Control"],
      // OpenAPI 3.1 has no schema for the events of a stream.
      content: [{ mediaType: "text/event-stream", schema: z.any() }],
    },
    { status: 204, description: "You have seen the end already." },
  ],
  problems: ["JOB_NOT_FOUND"],
};

const gaps = fileOperation({
  path: "/api/exports/{export_id}/gaps",
  id: "downloadExportGaps",
  tag: "Exports",
  summary: "Download the gaps of an export",
  parameter: exportId,
  csv:
    "A line for each gap: `source,from,to,missing`, in UTC. Exports with `gaps: report` have it; " +
    "an archive has the same list inside.",
  problems: [
    "JOB_NOT_FOUND",
    "EXPORT_NOT_READY",
    "EXPORT_FAILED",
    "EXPORT_CANCELLED",
    "EXPORT_EXPIRED",
  ],
});

/** All operations under `/api/exports`. */
export const exportResourceOperations: readonly Operation[] = [
  create,
  list,
  ...previewOperations,
  read,
  remove,
  repeat,
  manifest,
  gaps,
  events,
];

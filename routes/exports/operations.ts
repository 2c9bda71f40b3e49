/**
 * The operations under `/api/export`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { createdAnswers, CREATION_PROBLEMS } from "../jobs/job_operations.ts";
import {
  exportAccepted,
  exportCompleted,
  exportExpired,
  exportFailed,
  exportNotFound,
  exportPending,
  exportRequest,
  exportStatusSchema,
} from "./schemas.ts";
import { exportBody } from "./request_schemas.ts";
import { exportResourceOperations } from "./resource_operations.ts";
import { fileOperation } from "../jobs/file_operations.ts";
import { linkOperations } from "../jobs/link_operations.ts";
import { idempotencyKeyHeader, preferWait, preferWaitOrAsync } from "../jobs/request_headers.ts";
import type { Link, Operation, Parameter } from "../openapi/operation.ts";
import { exampleOf } from "../openapi/schema_example.ts";

/** The id in the examples. */
const EXAMPLE_JOB = "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a";

/** Media types of files besides CSV. */
const FILE_TYPES = [
  "application/json",
  "application/x-ndjson",
  "application/atom+xml",
  "application/vnd.apache.parquet",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/gzip",
  "application/zip",
];

/** What you can do with a new job. */
const NEXT: Readonly<Record<string, Link>> = {
  status: {
    operationId: "getExportStatus",
    parameters: { job_id: "$response.body#/job_id" },
    description: "Poll the job until it is no longer `pending`.",
  },
  download: {
    operationId: "downloadExport",
    parameters: { job_id: "$response.body#/job_id" },
    description: "Download the file once the job is `completed`.",
  },
};

const create: Operation = {
  method: "post",
  path: "/api/export/csv",
  id: "createExport",
  tag: "Exports",
  summary: "Create an export",
  description:
    "Creates a job that writes the readings of a smart meter to a CSV file. The body may " +
    "also have the other fields of `POST /api/exports`. Read its " +
    "status until it is no longer `pending`, then download the file. With `Prefer: wait=30` one " +
    "request is enough: its answer has the status after the wait, and the path of the file. A " +
    "job that was accepted is completed even if the service crashes in between.",
  parameters: [
    preferWaitOrAsync,
    idempotencyKeyHeader("january-of-meter-123"),
  ],
  body: [{
    mediaType: "application/json",
    schema: z.union([exportRequest, exportBody]),
    examples: {
      month: {
        summary: "A month",
        value: {
          smart_meter_id: "123",
          start_datetime: "2024-01-01T00:00:00Z",
          end_datetime: "2024-01-31T23:59:59Z",
          format: "csv",
        },
      },
      local_day: {
        summary: "A day in Amsterdam",
        value: {
          smart_meter_id: "123",
          start_datetime: "2024-07-01T00:00:00+02:00",
          end_datetime: "2024-07-01T23:59:59.999+02:00",
          format: "csv",
        },
      },
    },
  }],
  answers: createdAnswers(exportAccepted, NEXT),
  problems: [...CREATION_PROBLEMS, "SERIES_BUSY"],
};

const jobId: Parameter = {
  in: "path",
  name: "job_id",
  description: "The `job_id` of the export, in upper or lower case.",
  schema: z.string().min(1),
  example: EXAMPLE_JOB,
};

const status: Operation = {
  method: "get",
  path: "/api/export/status/{job_id}",
  id: "getExportStatus",
  tag: "Exports",
  summary: "Read the status of an export",
  description: "The answer is always 200: `status` is `not_found` if there is no such job.",
  parameters: [jobId, preferWait],
  answers: [{
    status: 200,
    description: "The job. While it is `pending`, there is a `Retry-After`.",
    headers: ["Cache-Control"],
    mayHave: ["Retry-After", "Preference-Applied"],
    content: [{
      mediaType: "application/json",
      schema: exportStatusSchema,
      examples: {
        pending: { summary: "Waiting or running", value: exampleOf(exportPending) },
        completed: { summary: "With a file", value: exampleOf(exportCompleted) },
        failed: { summary: "Without a file", value: exampleOf(exportFailed) },
        expired: { summary: "With a file that was deleted", value: exampleOf(exportExpired) },
        not_found: { summary: "No export", value: exampleOf(exportNotFound) },
      },
    }],
  }],
  problems: [],
};

const download = fileOperation({
  path: "/api/export/download/{job_id}",
  id: "downloadExport",
  tag: "Exports",
  summary: "Download the file of an export",
  parameter: jobId,
  otherTypes: FILE_TYPES,
  csv: "A header line, then one line per reading in the order of time (RFC 4180, UTF-8).",
  problems: [
    "JOB_NOT_FOUND",
    "EXPORT_NOT_READY",
    "EXPORT_FAILED",
    "EXPORT_CANCELLED",
    "EXPORT_EXPIRED",
  ],
});

/** All operations under `/api/export` and `/api/exports`. */
export const exportOperations: readonly Operation[] = [
  create,
  status,
  download,
  ...exportResourceOperations,
  ...linkOperations({
    of: "an export",
    tag: "Exports",
    make: { path: "/api/exports/{export_id}/link", id: "makeExportLink" },
    use: { path: "/api/links/exports/{export_id}", id: "downloadLinkedExport" },
    parameter: { ...jobId, name: "export_id" },
    csv: "The file, as `downloadExport` answers with it.",
    otherTypes: FILE_TYPES,
    problems: [
      "JOB_NOT_FOUND",
      "EXPORT_NOT_READY",
      "EXPORT_FAILED",
      "EXPORT_CANCELLED",
      "EXPORT_EXPIRED",
    ],
  }),
];

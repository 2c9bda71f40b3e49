/**
 * The operations on reports, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { createdAnswers, CREATION_PROBLEMS } from "../jobs/job_operations.ts";
import { fileOperation } from "../jobs/file_operations.ts";
import { linkOperations } from "../jobs/link_operations.ts";
import { idempotencyKeyHeader, preferWait, preferWaitOrAsync } from "../jobs/request_headers.ts";
import type { Link, Operation, Parameter } from "../openapi/operation.ts";
import { exampleOf } from "../openapi/schema_example.ts";
import { reportListQuery, reportRequest } from "./report_request_schemas.ts";
import {
  reportComplete,
  reportExpired,
  reportFailed,
  reportList,
  reportRunning,
  reportStatusSchema,
  reportTriggered,
} from "./report_schemas.ts";

/** What you can do with a new report. */
const NEXT: Readonly<Record<string, Link>> = {
  status: {
    operationId: "getReport",
    parameters: { report_id: "$response.body#/report_id" },
    description: "Poll the report until it is no longer `Running`.",
  },
  download: {
    operationId: "downloadReport",
    parameters: { report_id: "$response.body#/report_id" },
    description: "Download the file once the report is `Complete`.",
  },
};

const trigger: Operation = {
  method: "post",
  path: "/trigger_report",
  id: "triggerReport",
  tag: "Reports",
  summary: "Trigger a report on stores",
  description: "Creates a job that writes how long each store was up and down in the last hour, " +
    "day and week before `as_of`, within its business hours. The report includes every poll that " +
    "was stored before this request. With `from` and `to`, or `period`, it covers that range " +
    "instead, with a row for each store, or for each store and local day or hour. The path may end " +
    "with a slash.",
  parameters: [preferWaitOrAsync, idempotencyKeyHeader("report-of-october-3")],
  body: [{
    mediaType: "application/json",
    schema: reportRequest,
    examples: {
      latest: { summary: "Up to the latest poll", value: {} },
      as_of: {
        summary: "Up to a given time, with each poll holding for at most two hours",
        value: { as_of: "2024-10-03T23:00:00Z", max_hold_hours: 2 },
      },
      stale: {
        summary: "With stores marked whose last poll is older than six hours",
        value: { stale_after_hours: 6 },
      },
      days: {
        summary: "Each day of the last month of two stores, on their own clocks, as a workbook",
        value: { period: "last_month", bucket: "day", stores: ["101", "102"], format: "xlsx" },
      },
    },
  }],
  isBodyOptional: true,
  answers: createdAnswers(reportTriggered, NEXT),
  problems: CREATION_PROBLEMS,
};

const reportId: Parameter = {
  in: "path",
  name: "report_id",
  description: "The `report_id` from the answer to the trigger, in upper or lower case.",
  schema: z.string().min(1),
  example: "b2d0a6c4-5f1e-4d38-8a77-0c9e3f6b1d24",
};

const status: Operation = {
  method: "get",
  path: "/get_report/{report_id}",
  id: "getReport",
  tag: "Reports",
  summary: "Get the status of a report",
  description:
    "`status` says whether the report is running, complete, failed or expired. The path " +
    "may end with a slash.",
  parameters: [reportId, preferWait],
  answers: [{
    status: 200,
    description: "The report. `Retry-After` is set while it is `Running`.",
    headers: ["Cache-Control"],
    mayHave: ["Retry-After", "Preference-Applied"],
    content: [{
      mediaType: "application/json",
      schema: reportStatusSchema,
      examples: {
        running: { summary: "Waiting or running", value: exampleOf(reportRunning) },
        complete: { summary: "With a file", value: exampleOf(reportComplete) },
        failed: { summary: "Without a file", value: exampleOf(reportFailed) },
        expired: { summary: "With a file that was deleted", value: exampleOf(reportExpired) },
      },
    }],
  }],
  problems: ["REPORT_NOT_FOUND"],
};

const list: Operation = {
  method: "get",
  path: "/reports",
  id: "listReports",
  tag: "Reports",
  summary: "List reports",
  description:
    "Lists reports, the newest first, until their records are deleted. The path may end " +
    "with a slash.",
  parameters: [
    {
      in: "query",
      name: "limit",
      description: "How many reports a page has at most, 1 to 100; 20 by default.",
      schema: reportListQuery.shape.limit,
      example: 20,
    },
    {
      in: "query",
      name: "cursor",
      description: "Where to continue: take it from `next`.",
      schema: reportListQuery.shape.cursor,
      example: "1727996400000_b2d0a6c4-5f1e-4d38-8a77-0c9e3f6b1d24",
    },
    {
      in: "query",
      name: "status",
      description: "Only reports with this status.",
      schema: reportListQuery.shape.status,
      example: "Complete",
    },
    {
      in: "query",
      name: "from",
      description: "Only reports requested at this time or later; UTC unless it has an offset.",
      schema: reportListQuery.shape.from,
      example: "2024-10-01",
    },
    {
      in: "query",
      name: "to",
      description: "Only reports requested before this time; a date means the end of that day.",
      schema: reportListQuery.shape.to,
      example: "2024-10-31",
    },
  ],
  answers: [{
    status: 200,
    description: "The reports. A page may be short, or empty, before the last one.",
    headers: ["Cache-Control"],
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: reportList }],
  }],
  problems: ["INVALID_REQUEST"],
};

/** Media types of files besides `text/csv`. */
const FILE_TYPES = [
  "application/json",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/vnd.apache.parquet",
];
/** Problems of a file besides those of every file. */
const FILE_PROBLEMS = [
  "REPORT_NOT_FOUND",
  "REPORT_NOT_READY",
  "REPORT_FAILED",
  "REPORT_EXPIRED",
] as const;

/** All operations on reports. */
export const reportOperations: readonly Operation[] = [
  trigger,
  list,
  status,
  fileOperation({
    path: "/download_report/{report_id}",
    id: "downloadReport",
    tag: "Reports",
    summary: "Download the file of a report",
    parameter: reportId,
    otherTypes: FILE_TYPES,
    csv: "A header, then one line for each store in the order of `store_id`: uptime and downtime " +
      "of the last hour in minutes, of the last day and week in hours, with two decimals. " +
      "`max_hold_hours` adds three columns of unknown time, `stale_after_hours` adds `last_poll` " +
      "and `stale`.",
    problems: FILE_PROBLEMS,
  }),
  ...linkOperations({
    of: "a report",
    tag: "Reports",
    make: { path: "/api/reports/{report_id}/link", id: "makeReportLink" },
    use: { path: "/api/links/reports/{report_id}", id: "downloadLinkedReport" },
    parameter: reportId,
    csv: "The file, as `downloadReport` answers with it.",
    otherTypes: FILE_TYPES,
    problems: FILE_PROBLEMS,
  }),
];

/**
 * The operations under `/api/deletions`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { DELETION_TARGETS_MAX } from "../../data/limits.ts";
import { CREATION_PROBLEMS } from "../jobs/job_operations.ts";
import { idempotencyKeyHeader, preferWait } from "../jobs/request_headers.ts";
import type { Content, Examples, Link, Operation, Parameter } from "../openapi/operation.ts";
import type { AnsweredCode } from "../openapi/problem_schema.ts";
import {
  deletionList,
  deletionListQuery,
  deletionPreview,
  deletionRequest,
  deletionResource,
} from "./resource_schemas.ts";

/** The id in the examples. */
const EXAMPLE_DELETION = "7f3f1f0a-2f6c-4a5d-9a54-5f0f4a5be0c1";

const STATUS: Readonly<Record<string, Link>> = {
  deletion: {
    operationId: "getDeletion",
    parameters: { deletion_id: "$response.body#/id" },
    description: "Read the deletion until it has ended.",
  },
};
const CONTENT: readonly Content[] = [{ mediaType: "application/json", schema: deletionResource }];

const EXAMPLES: Examples = {
  range: {
    summary: "The readings of a month of some meters",
    value: { meters: ["12*"], from: "2024-01-01", to: "2024-01-31" },
  },
  devices: {
    summary: "Devices with all that is stored of them",
    value: { devices: ["test-*"] },
  },
};

const NOT_FOUND: readonly AnsweredCode[] = [
  "SMART_METER_NOT_FOUND",
  "DEVICE_NOT_FOUND",
  "STORE_NOT_FOUND",
];

const deletionId: Parameter = {
  in: "path",
  name: "deletion_id",
  description: "The id of the deletion, in upper or lower case. It is that of its job.",
  schema: z.string().min(1),
  example: EXAMPLE_DELETION,
};

const create: Operation = {
  method: "post",
  path: "/api/deletions",
  id: "createDeletion",
  tag: "Deletions",
  summary: "Delete many meters, devices or stores, or readings of each",
  description: "Creates a job that deletes what the request names, by ids and patterns: " +
    `${DELETION_TARGETS_MAX} at most. With \`from\` and \`to\` it deletes only readings. Ask ` +
    "`POST /api/deletions/preview` first what that is. Ids that do not exist are left out. If the " +
    "service is interrupted, the job continues later.",
  parameters: [preferWait, idempotencyKeyHeader("cleanup-5")],
  body: [{ mediaType: "application/json", schema: deletionRequest, examples: EXAMPLES }],
  answers: [
    {
      status: 202,
      description:
        "The job was created and has not ended, or exists from an earlier request with " +
        "the same key.",
      headers: ["Location", "Retry-After"],
      mayHave: ["Preference-Applied"],
      content: CONTENT,
      links: STATUS,
    },
    {
      status: 200,
      description: "The job has ended, within the wait that the request prefers.",
      headers: ["Location"],
      mayHave: ["Preference-Applied"],
      content: CONTENT,
      links: STATUS,
    },
  ],
  problems: [...CREATION_PROBLEMS.filter((code) => code !== "QUOTA_EXCEEDED"), ...NOT_FOUND],
};

const preview: Operation = {
  method: "post",
  path: "/api/deletions/preview",
  id: "previewDeletion",
  tag: "Deletions",
  summary: "Count what a deletion would delete",
  description: "Finds what the request names and counts its readings. Deletes nothing.",
  body: [{ mediaType: "application/json", schema: deletionRequest, examples: EXAMPLES }],
  answers: [{
    status: 200,
    description: "What would be deleted now.",
    content: [{ mediaType: "application/json", schema: deletionPreview }],
  }],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    ...NOT_FOUND,
  ],
};

const read: Operation = {
  method: "get",
  path: "/api/deletions/{deletion_id}",
  id: "getDeletion",
  tag: "Deletions",
  summary: "Read a deletion",
  description: "What it deletes, the times, and how far it is: deletions of every kind.",
  parameters: [deletionId, preferWait],
  answers: [{
    status: 200,
    description: "The deletion. `Retry-After` is set until it has ended.",
    headers: ["Cache-Control"],
    mayHave: ["Retry-After", "Preference-Applied"],
    content: CONTENT,
  }],
  problems: ["JOB_NOT_FOUND"],
};

const list: Operation = {
  method: "get",
  path: "/api/deletions",
  id: "listDeletions",
  tag: "Deletions",
  summary: "List deletions",
  description: "Lists deletions of every kind, the newest first, until their records are deleted.",
  parameters: ([
    ["limit", "How many deletions a page has at most, 1 to 100; 20 by default.", 20],
    ["cursor", "Where to continue: take it from `next`.", `1706774400000_${EXAMPLE_DELETION}`],
    ["status", "Only deletions with this status.", "completed"],
    ["id", "Only deletions of this meter, device or store.", "123"],
    [
      "from",
      "Only deletions requested at this time or later; UTC unless it has an offset.",
      "2024-02-01",
    ],
    [
      "to",
      "Only those requested before this time; a date means the end of that day.",
      "2024-02-29",
    ],
  ] as const).map(([name, description, example]): Parameter => ({
    in: "query",
    name,
    description,
    schema: deletionListQuery.shape[name],
    example,
  })),
  answers: [{
    status: 200,
    description: "A page of deletions.",
    headers: ["Cache-Control"],
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: deletionList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const cancel: Operation = {
  method: "delete",
  path: "/api/deletions/{deletion_id}",
  id: "cancelDeletion",
  tag: "Deletions",
  summary: "Cancel a deletion, or remove its record",
  description: "Cancels a deletion that waits or runs. It ends after the readings that it is " +
    "deleting, and what it has deleted stays deleted; once a single meter, device or store is being " +
    "deleted as a whole, that is completed. Of a deletion that has ended, it deletes the record.",
  parameters: [deletionId],
  answers: [
    { status: 200, description: "The deletion has ended; `status` says how.", content: CONTENT },
    { status: 202, description: "The deletion is being cancelled.", content: CONTENT },
    { status: 204, description: "The record was deleted." },
  ],
  problems: ["JOB_NOT_FOUND"],
};

/** All operations under `/api/deletions`. */
export const deletionResourceOperations: readonly Operation[] = [
  create,
  preview,
  list,
  read,
  cancel,
];

/**
 * The operations that delete, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN, METER_ID_RULE } from "../../data/limits.ts";
import { idempotencyKeyHeader, preferWait } from "../jobs/request_headers.ts";
import { deviceIdParameter } from "../openapi/device_id.ts";
import type { Answer, Link, Operation, Parameter, TagName } from "../openapi/operation.ts";
import { storeIdParameter } from "../stores/schemas.ts";
import { jobStatus, objectsText, spanQuery } from "./schemas.ts";

const STATUS: Link = {
  operationId: "getJob",
  parameters: { job_id: "$response.body#/job_id" },
  description: "Read the status of the job until it is no longer `pending`.",
};
const CONTENT = [{ mediaType: "application/json", schema: jobStatus }];

const ANSWERS: readonly Answer[] = [
  {
    status: 202,
    description: "The job was created and has not ended, or exists from an earlier request with " +
      "the same key.",
    headers: ["Location", "Retry-After"],
    mayHave: ["Preference-Applied"],
    content: CONTENT,
    links: { status: STATUS },
  },
  {
    status: 200,
    description: "The job has ended, within the wait that the request prefers.",
    headers: ["Location"],
    mayHave: ["Preference-Applied"],
    content: CONTENT,
    links: { status: STATUS },
  },
];

const span: readonly Parameter[] = (["from", "to"] as const).map((name) => ({
  in: "query",
  name,
  description: spanQuery.shape[name].meta()?.description ?? "",
  schema: spanQuery.shape[name],
  example: name === "from" ? "2026-02-01T00:00:00Z" : "2026-02-02T00:00:00Z",
  isRequired: true,
}));

const meterIdParameter: Parameter = {
  in: "path",
  name: "id",
  description: `The meter's id: ${METER_ID_RULE}.`,
  schema: z.string().regex(METER_ID_PATTERN),
  example: "123",
};

const objectsParameter: Parameter = {
  in: "query",
  name: "objects",
  description:
    "`true` also deletes the readings from the files of continuous export: files without " +
    "other readings are deleted, the others are written again. The job ends when that is done. It " +
    "also works for a device that was deleted before, as long as it is in the list of continuous " +
    "exports, and while continuous export is off or paused.",
  schema: objectsText,
  example: "true",
};

const RESUMED = " A job deletes them. If the service is interrupted, the job continues later.";

/** An operation that deletes readings of a span. */
function deleteSpan(
  what: {
    id: string;
    path: string;
    tag: TagName;
    target: Parameter;
    readings: string;
    parameters?: readonly Parameter[];
  },
  problem: Operation["problems"][number],
  more = "",
): Operation {
  return {
    method: "delete",
    path: what.path,
    id: what.id,
    tag: what.tag,
    summary: `Delete ${what.readings} of a range of time`,
    description: `Deletes the ${what.readings} that are stored when the job runs.${RESUMED}${more}`,
    parameters: [
      what.target,
      ...span,
      ...what.parameters ?? [],
      preferWait,
      idempotencyKeyHeader("cleanup-1"),
    ],
    answers: ANSWERS,
    problems: ["INVALID_REQUEST", problem, "IDEMPOTENCY_KEY_REUSED", "JOBS_LIMITED"],
  };
}

const deviceReadings = deleteSpan(
  {
    id: "deleteDeviceReadings",
    path: "/devices/{device_id}/readings",
    tag: "Devices",
    target: deviceIdParameter,
    readings: "readings",
    parameters: [objectsParameter],
  },
  "DEVICE_NOT_FOUND",
  " Continuous export then rewrites the windows of the range, and deletes those without readings.",
);

const meterReadings = deleteSpan(
  {
    id: "deleteMeterReadings",
    path: "/api/meters/{id}/readings",
    tag: "Meters",
    target: meterIdParameter,
    readings: "readings",
  },
  "SMART_METER_NOT_FOUND",
  " Files of earlier exports stay as they are.",
);

const storePolls = deleteSpan(
  {
    id: "deleteStorePolls",
    path: "/stores/{store_id}/polls",
    tag: "Stores",
    target: storeIdParameter,
    readings: "polls",
  },
  "STORE_NOT_FOUND",
  " Files of earlier reports stay as they are.",
);

const device: Operation = {
  method: "delete",
  path: "/devices/{device_id}",
  id: "deleteDevice",
  tag: "Devices",
  summary: "Delete a device",
  description: "Deletes a device with its readings and events." + RESUMED +
    " Continuous export then deletes its windows. A message that the device sends later creates " +
    "it anew.",
  parameters: [
    deviceIdParameter,
    objectsParameter,
    preferWait,
    idempotencyKeyHeader("cleanup-2"),
  ],
  answers: ANSWERS,
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND", "IDEMPOTENCY_KEY_REUSED", "JOBS_LIMITED"],
};

const meter: Operation = {
  method: "delete",
  path: "/api/meters/{id}",
  id: "deleteMeter",
  tag: "Meters",
  summary: "Delete a smart meter",
  description: "Deletes a meter with its readings, label, profile and time zone." + RESUMED +
    " Readings that are imported after the deletion has begun are kept. Files of exports stay " +
    "until they expire.",
  parameters: [meterIdParameter, preferWait, idempotencyKeyHeader("cleanup-4")],
  answers: ANSWERS,
  problems: [
    "INVALID_REQUEST",
    "SMART_METER_NOT_FOUND",
    "IDEMPOTENCY_KEY_REUSED",
    "JOBS_LIMITED",
  ],
};

const store: Operation = {
  method: "delete",
  path: "/stores/{store_id}",
  id: "deleteStore",
  tag: "Stores",
  summary: "Delete a store",
  description: "Deletes a store with its polls, business hours and time zone." + RESUMED +
    " What you upload for the store before the job has ended may be deleted too.",
  parameters: [storeIdParameter, preferWait, idempotencyKeyHeader("cleanup-3")],
  answers: ANSWERS,
  problems: ["INVALID_REQUEST", "STORE_NOT_FOUND", "IDEMPOTENCY_KEY_REUSED", "JOBS_LIMITED"],
};

const status: Operation = {
  method: "get",
  path: "/api/jobs/{job_id}",
  id: "getJob",
  tag: "Service",
  summary: "Get the status of a deletion",
  description: "Shows a job that deletes something. Exports and reports have their own status " +
    "routes.",
  parameters: [{
    in: "path",
    name: "job_id",
    description: "The `job_id` from the answer to the deletion, in upper or lower case.",
    schema: z.string().min(1),
    example: "7f3f1f0a-2f6c-4a5d-9a54-5f0f4a5be0c1",
  }, preferWait],
  answers: [{
    status: 200,
    description: "The job. `Retry-After` is set while it is `pending`.",
    headers: ["Cache-Control"],
    mayHave: ["Retry-After", "Preference-Applied"],
    content: CONTENT,
  }],
  problems: ["JOB_NOT_FOUND"],
};

/** All operations that delete. */
export const deletionOperations: readonly Operation[] = [
  deviceReadings,
  meterReadings,
  storePolls,
  device,
  meter,
  store,
  status,
];

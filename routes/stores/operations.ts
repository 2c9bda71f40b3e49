/**
 * The operations under `/stores`, as the OpenAPI document describes them.
 *
 * @module
 */

import type { z } from "zod";
import { fieldsParameter } from "../openapi/list_query.ts";
import { contentEncoding, UPLOAD_PROBLEMS, uploadText } from "../openapi/upload_parts.ts";
import type { Content, Operation } from "../openapi/operation.ts";
import {
  hoursReport,
  pollReport,
  runningStoreImports,
  storeDetail,
  storeIdParameter,
  storeList,
  zonesReport,
} from "./schemas.ts";
import { storeListQuery } from "./stores.ts";
import { uptimeOperations } from "./uptime_operations.ts";

const ANY_LENGTH = "Accepts CSV of any length with a header. Columns: ";
const HEADER = " Columns may come in any order and under other common names; case, spaces and " +
  "underscores do not matter. Other columns are ignored and listed in `ignored_columns`.";
const REPLACES = " The rows of a store may be scattered over the file. When the upload has ended " +
  "well, its rows replace what each of its stores had. Other stores keep what they have. An " +
  "upload that breaks off changes nothing.";

/** The operation that uploads a file of one kind. */
function uploadOperation(
  kind: string,
  parts: Pick<Operation, "id" | "summary" | "description"> & {
    example: string;
    report: z.ZodType;
  },
): Operation {
  const { example, report, ...texts } = parts;
  return {
    method: "post",
    path: `/stores/${kind}`,
    tag: "Stores",
    ...texts,
    parameters: [contentEncoding],
    body: [{
      mediaType: "text/csv",
      schema: uploadText("A header and a row on each line."),
      examples: { rows: { summary: "A header and two rows", value: example } },
    }, ...zippedCsv],
    answers: [{
      status: 200,
      description: "The upload was read to its end. `rejects` lists the rows that were rejected.",
      content: [{ mediaType: "application/json", schema: report }],
    }],
    problems: ["INVALID_REQUEST", ...UPLOAD_PROBLEMS, "SERIES_BUSY", "QUOTA_EXCEEDED"],
  };
}

/** The same in a ZIP file. */
const zippedCsv: readonly Content[] = ["application/zip", "application/x-zip-compressed"]
  .map((mediaType) => ({
    mediaType,
    schema: uploadText("A ZIP file with such a CSV file in it."),
  }));

/** The operation that shows the progress of uploads of one kind. */
function progressOperation(kind: string, id: string): Operation {
  return {
    method: "get",
    path: `/stores/${kind}`,
    id,
    tag: "Stores",
    summary: `Watch uploads of ${kind}`,
    description: "Shows the progress of running uploads of this kind.",
    answers: [{
      status: 200,
      description: "The running uploads.",
      content: [{ mediaType: "application/json", schema: runningStoreImports }],
    }],
    problems: [],
  };
}

const status = uploadOperation("status", {
  id: "importStoreStatus",
  summary: "Import polls of stores",
  description:
    `${ANY_LENGTH}\`store_id\`, \`timestamp_utc\` (\`2023-01-25 12:09:39.388884 UTC\` or ISO ` +
    "8601; digits beyond milliseconds are cut off) and `status` (`active` or `inactive` in any " +
    `case, or \`1\` or \`0\`).${HEADER} A poll replaces an earlier one of the same time. Polls ` +
    "are stored as they arrive, even if the upload breaks off: send the same file again to " +
    "complete it.",
  example: "store_id,timestamp_utc,status\n" +
    "8419537941919820732,2023-01-25 12:09:39.388884 UTC,active\n" +
    "8419537941919820732,2023-01-25T13:09:41.002Z,inactive\n",
  report: pollReport,
});

const hours = uploadOperation("hours", {
  id: "importStoreHours",
  summary: "Import business hours of stores",
  description:
    `${ANY_LENGTH}\`store_id\`, \`day_of_week\` (0 is Monday), \`start_time_local\` and ` +
    `\`end_time_local\` (\`09:00:00\`, \`09:00\` or \`9:00\`).${HEADER} A day may have several ` +
    "spans, and they may overlap. A span that starts after its end runs over midnight. An end of " +
    "`24:00` or `23:59:59` is the end of the day, and `00:00:00` to `00:00:00` is the whole day. " +
    "Any other span whose start equals its end is rejected. A store whose rows are all rejected " +
    `is listed in \`stores_without_hours\`.${REPLACES}`,
  example: "store_id,day_of_week,start_time_local,end_time_local\n" +
    "8419537941919820732,0,09:00:00,17:00:00\n" +
    "8419537941919820732,5,22:00:00,02:00:00\n",
  report: hoursReport,
});

const timezones = uploadOperation("timezones", {
  id: "importStoreTimezones",
  summary: "Import time zones of stores",
  description:
    `${ANY_LENGTH}\`store_id\` and \`timezone_str\`, an IANA name.${HEADER} If a store has ` +
    "several rows, the last one wins. A row whose zone does not exist is rejected; its store " +
    `keeps the zone it has, or counts as in \`America/Chicago\` if it has none.${REPLACES}`,
  example: "store_id,timezone_str\n" +
    "8419537941919820732,America/New_York\n" +
    "3014331187923234434,Asia/Kolkata\n",
  report: zonesReport,
});

const list: Operation = {
  method: "get",
  path: "/stores",
  id: "listStores",
  tag: "Stores",
  summary: "List stores",
  description: "Stores that have polls, hours or a time zone, in the order of their ids.",
  parameters: [
    {
      in: "query",
      name: "limit",
      description: "The maximum number of stores, 1 to 1000.",
      schema: storeListQuery.shape.limit,
      example: 10,
    },
    {
      in: "query",
      name: "cursor",
      description: "Only stores after this id, which need not exist.",
      schema: storeListQuery.shape.cursor,
      example: "8",
    },
    { ...fieldsParameter, description: "`latest` adds the latest poll of each store." },
  ],
  answers: [{
    status: 200,
    description: "A page of stores.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: storeList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const detail: Operation = {
  method: "get",
  path: "/stores/{store_id}",
  id: "getStore",
  tag: "Stores",
  summary: "Get a store",
  description: "The store's time zone and business hours, and how many polls it has, from when " +
    "to when.",
  parameters: [storeIdParameter],
  answers: [{
    status: 200,
    description: "The store.",
    content: [{ mediaType: "application/json", schema: storeDetail }],
  }],
  problems: ["INVALID_REQUEST", "STORE_NOT_FOUND"],
};

const progress = [
  progressOperation("status", "watchStoreStatus"),
  progressOperation("hours", "watchStoreHours"),
  progressOperation("timezones", "watchStoreTimezones"),
];

/** All operations under `/stores`. */
export const storeOperations: readonly Operation[] = [
  status,
  hours,
  timezones,
  ...progress,
  list,
  detail,
  ...uptimeOperations,
];

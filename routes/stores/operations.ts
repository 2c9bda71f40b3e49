/**
 * The operations under `/stores`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { headOf, type Operation, type Parameter } from "../openapi/operation.ts";
import {
  pollReport,
  replacementReport,
  runningStoreImports,
  storeDetail,
  storeIdParameter,
  storeList,
} from "./schemas.ts";
import { storeListQuery } from "./stores.ts";

const contentEncoding: Parameter = {
  in: "header",
  name: "Content-Encoding",
  description: "`gzip`, of one or several members, or `identity`.",
  schema: z.enum(["gzip", "x-gzip", "identity"]),
  example: "gzip",
};

const ANY_LENGTH = "Takes CSV of any length with a header: ";
const HEADER =
  " Columns may come in any order and by other common names, with other case, spaces " +
  "and underscores; what else there is is read past and told as `ignored_columns`.";
const REPLACES = " Rows of one store may be scattered. What the upload says of a store replaces " +
  "what it had, once, when the upload ends well; stores that it does not name keep what they have. " +
  "One that breaks off changes nothing.";

/** An upload, by its path; what it says is told by `parts`. */
function upload(
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
      schema: z.string(),
      examples: { rows: { summary: "A header and two rows", value: example } },
    }],
    answers: [{
      status: 200,
      description: "The upload was read to its end; `rejects` tells what was not taken.",
      content: [{ mediaType: "application/json", schema: report }],
    }],
    problems: ["INVALID_REQUEST", "MALFORMED_BODY", "UNSUPPORTED_MEDIA_TYPE", "SERIES_BUSY"],
  };
}

/** How far uploads are, by the path of the upload. */
function watch(kind: string, id: string): Operation {
  return {
    method: "get",
    path: `/stores/${kind}`,
    id,
    tag: "Stores",
    summary: `Watch uploads of ${kind}`,
    description: "How far the uploads of this sort are.",
    answers: [{
      status: 200,
      description: "Those that run.",
      content: [{ mediaType: "application/json", schema: runningStoreImports }],
    }],
    problems: [],
  };
}

const status = upload("status", {
  id: "importStoreStatus",
  summary: "Import polls of stores",
  description:
    `${ANY_LENGTH}\`store_id\`, \`timestamp_utc\` (\`2023-01-25 12:09:39.388884 UTC\` or ` +
    "ISO 8601; finer than a millisecond is cut off) and `status` (`active` or `inactive` in any " +
    `case, \`1\` or \`0\`).${HEADER} A poll of a known time replaces the earlier one. Those ` +
    "that came in are stored, also when the upload breaks off; sending the same again completes it.",
  example: "store_id,timestamp_utc,status\n" +
    "8419537941919820732,2023-01-25 12:09:39.388884 UTC,active\n" +
    "8419537941919820732,2023-01-25T13:09:41.002Z,inactive\n",
  report: pollReport,
});

const hours = upload("hours", {
  id: "importStoreHours",
  summary: "Import business hours of stores",
  description:
    `${ANY_LENGTH}\`store_id\`, \`day_of_week\` (0 is Monday), \`start_time_local\` and ` +
    `\`end_time_local\`.${HEADER} A day may have several spans, and they may overlap. One that ` +
    "starts after its end runs over midnight; `00:00:00` to `00:00:00` is the whole day; an end of " +
    `\`23:59:59\` is the end of the day; another start that equals its end is rejected.${REPLACES}`,
  example: "store_id,day_of_week,start_time_local,end_time_local\n" +
    "8419537941919820732,0,09:00:00,17:00:00\n" +
    "8419537941919820732,5,22:00:00,02:00:00\n",
  report: replacementReport,
});

const timezones = upload("timezones", {
  id: "importStoreTimezones",
  summary: "Import time zones of stores",
  description:
    `${ANY_LENGTH}\`store_id\` and \`timezone_str\`, an IANA name.${HEADER} Of several ` +
    "rows of a store the last counts. A row whose zone does not exist is rejected; its store keeps " +
    `the zone that it has, \`America/Chicago\` where it has none.${REPLACES}`,
  example: "store_id,timezone_str\n" +
    "8419537941919820732,America/New_York\n" +
    "3014331187923234434,Asia/Kolkata\n",
  report: replacementReport,
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
      description: "How many at most, 1 to 1000.",
      schema: storeListQuery.shape.limit,
      example: 10,
    },
    {
      in: "query",
      name: "cursor",
      description: "Only those behind this id, which need not be there.",
      schema: z.string(),
      example: "8",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of them.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: storeList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const look: Operation = {
  method: "get",
  path: "/stores/{store_id}",
  id: "getStore",
  tag: "Stores",
  summary: "Look at a store",
  description: "Its time zone and hours, and how many polls there are, from when to when.",
  parameters: [storeIdParameter],
  answers: [{
    status: 200,
    description: "The store.",
    content: [{ mediaType: "application/json", schema: storeDetail }],
  }],
  problems: ["INVALID_REQUEST", "STORE_NOT_FOUND"],
};

const watches = [
  watch("status", "watchStoreStatus"),
  watch("hours", "watchStoreHours"),
  watch("timezones", "watchStoreTimezones"),
];

/** All of them. */
export const storeOperations: readonly Operation[] = [
  status,
  hours,
  timezones,
  ...watches.flatMap((each) => [each, headOf(each)]),
  list,
  headOf(list),
  look,
  headOf(look),
];

/**
 * Requests and answers about stores. The OpenAPI document and the types of the answers come from
 * these schemas.
 *
 * @module
 */

import { z } from "zod";
import {
  IGNORED_LISTED,
  QUOTED_VALUE_MAX,
  REJECTS_LISTED,
  STORE_ID_PATTERN,
  STORE_ID_RULE,
} from "../../data/limits.ts";
import { rejectSchema, runningImport } from "../imports/schemas.ts";
import type { Parameter } from "../openapi/operation.ts";
import { count, instant } from "../openapi/schema_parts.ts";

/** The id of a store in examples. */
export const EXAMPLE_STORE_ID = "8419537941919820732";

const storeId = z.string().regex(STORE_ID_PATTERN)
  .meta({ description: "The store's id.", examples: [EXAMPLE_STORE_ID] });

/** A store's id in a path. */
export const storeIdParameter: Parameter = {
  in: "path",
  name: "store_id",
  description: `The store's id: ${STORE_ID_RULE}.`,
  schema: z.string().regex(STORE_ID_PATTERN),
  example: EXAMPLE_STORE_ID,
};

const summary = {
  store_id: storeId,
  timezone_str: z.string().nullable().meta({
    description: "The store's time zone. If it is null, `America/Chicago` is used.",
    examples: ["America/New_York"],
  }),
  count: count("Number of polls.", 2),
  first_poll: instant("Time of the first poll, or null if there is none.", "2023-01-25T12:09:39Z")
    .nullable(),
  last_poll: instant("Time of the last poll, or null if there is none.", "2023-01-25T13:09:41.002Z")
    .nullable(),
};

/** The latest poll of a store, in a list that was requested with `fields=latest`. */
export const latestPoll = z.strictObject({
  timestamp: instant("Time of the poll.", "2023-01-25T13:09:41.002Z"),
  status: z.enum(["active", "inactive"])
    .meta({ description: "What the poll found.", examples: ["inactive"] }),
}).meta({ id: "LatestPoll", description: "The latest poll of a store." })
  .nullable().meta({ description: "The latest poll, or null if there is none." });

/** A store in a list. */
export const storeSchema = z.strictObject({ ...summary, latest: latestPoll.optional() })
  .meta({ description: "A store. `latest` is there if you requested `fields=latest`." });

/** A page of stores. */
export const storeList = z.strictObject({
  stores: z.array(storeSchema).meta({ description: "The stores, in the order of their ids." }),
  next: z.string()
    .regex(/^\/stores\?limit=\d+&cursor=[A-Za-z0-9_.%-]+(&fields=latest)?$/).nullable().meta({
      description: "The next page, or null on the last page.",
      examples: [`/stores?limit=100&cursor=${EXAMPLE_STORE_ID}`],
    }),
}).meta({ description: "A page of stores." });

const clock = (description: string, example: string) =>
  z.string().regex(/^\d\d:\d\d:\d\d(\.\d{3})?$/).meta({ description, examples: [example] });

/** A span of business hours. */
export const weeklyHours = z.strictObject({
  day_of_week: z.int().min(0).max(6)
    .meta({ description: "0 is Monday, 6 is Sunday.", examples: [0] }),
  start_time_local: clock("Opening time in the store's time zone.", "09:00:00"),
  end_time_local: clock(
    "Closing time: on the next day if it is before the start. `23:59:59` is the end of the day.",
    "17:00:00",
  ),
}).meta({ id: "StoreHours", description: "A span of business hours on a day of the week." });

const rejectedHours = z.strictObject({
  uploaded_at: instant("When the upload ended.", "2024-10-04T08:00:00Z"),
  rows: count("How many rows of the store it had.", 7),
  field: z.string().nullable().meta({
    description: "The column that is wrong in the first of them, or null if the whole row is.",
    examples: ["start_time_local"],
  }),
  value: z.string().max(QUOTED_VALUE_MAX)
    .meta({ description: "The value in that column.", examples: ["9 am"] }),
  rule: z.string().meta({
    description: "The rule that the value breaks.",
    examples: ["a time of day such as 09:00:00 or 9:00"],
  }),
}).meta({ id: "RejectedHours", description: "An upload whose hours were all rejected." })
  .nullable().meta({
    description:
      "Set if the latest upload with hours of this store had all of its rows rejected. " +
      "The store then keeps its earlier hours, or counts as always open if it has none.",
  });

/** A store with all its details. */
export const storeDetail = z.strictObject({
  ...summary,
  hours: z.array(weeklyHours).nullable().meta({
    description: "When the store is open, by day and start. If it is null, the hours are not " +
      "known and the store counts as always open.",
  }),
  rejected_hours: rejectedHours,
}).meta({ description: "A store with its business hours." });

const unusedRows = {
  rejected: count("Rejected rows.", 1),
  rejects: z.array(rejectSchema).max(REJECTS_LISTED)
    .meta({ description: `The first ${REJECTS_LISTED} rejected rows.` }),
  ignored_columns: z.array(z.string()).max(IGNORED_LISTED).meta({
    description: `Columns that mean nothing here, the first ${IGNORED_LISTED}.`,
    examples: [["note"]],
  }),
};

/** The result of an upload of polls. */
export const pollReport = z.strictObject({
  received: count("Rows of the upload.", 5),
  inserted: count("Polls whose time was new.", 1),
  updated: count("Polls whose time had another status.", 1),
  unchanged: count("Polls that changed nothing.", 1),
  repeated: count("Polls whose time occurs again later in the upload. The last one wins.", 1),
  ...unusedRows,
}).meta({
  description: "The result of an upload of polls: `received` = `inserted` + `updated` + " +
    "`unchanged` + `repeated` + `rejected`.",
});

const replacement = {
  received: count("Rows of the upload.", 3),
  replaced: count("Accepted rows.", 2),
};

/** The result of an upload of time zones. */
export const zonesReport = z.strictObject({
  ...replacement,
  stores: count("Stores whose time zone was replaced.", 1),
  ...unusedRows,
}).meta({
  description: "The result of an upload of time zones: `received` = `replaced` + `rejected`.",
});

/** The result of an upload of business hours. */
export const hoursReport = z.strictObject({
  ...replacement,
  stores: count("Stores whose hours were replaced.", 1),
  stores_without_hours: z.array(storeId).max(REJECTS_LISTED).meta({
    description: `Stores whose rows were all rejected, the first ${REJECTS_LISTED}. They keep ` +
      "their earlier hours, or count as always open if they have none.",
    examples: [["3014331187923234434"]],
  }),
  stores_without_hours_count: count("How many stores had all of their rows rejected.", 1),
  ...unusedRows,
}).meta({
  description: "The result of an upload of business hours: `received` = `replaced` + `rejected`.",
});

/** The running uploads of one kind. */
export const runningStoreImports = z.strictObject({
  imports: z.array(runningImport).meta({
    description: "Uploads that run in the process that answers, the oldest first. Uploads of " +
      "hours and time zones count no accepted row before they end.",
  }),
}).meta({ description: "Uploads in progress." });

/** A page of stores. */
export type StoreListBody = z.infer<typeof storeList>;
/** A store in a list. */
export type StoreBody = z.infer<typeof storeSchema>;
/** A store with all its details. */
export type StoreDetailBody = z.infer<typeof storeDetail>;
/** A span of business hours. */
export type WeeklyHoursBody = z.infer<typeof weeklyHours>;
/** The result of an upload, by what was uploaded. */
export type StoreUploadBody =
  | z.infer<typeof pollReport>
  | z.infer<typeof hoursReport>
  | z.infer<typeof zonesReport>;

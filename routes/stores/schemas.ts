/**
 * What requests and answers about stores look like, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import {
  IGNORED_LISTED,
  REJECTS_LISTED,
  STORE_ID_PATTERN,
  STORE_ID_RULE,
} from "../../data/limits.ts";
import { rejectSchema, runningImport } from "../imports/schemas.ts";
import type { Parameter } from "../openapi/operation.ts";
import { count, instant } from "../openapi/schema_parts.ts";

const storeId = z.string().regex(STORE_ID_PATTERN)
  .meta({ description: "The store.", examples: ["8419537941919820732"] });

/** A store's id in a path. */
export const storeIdParameter: Parameter = {
  in: "path",
  name: "store_id",
  description: `The store's id: ${STORE_ID_RULE}.`,
  schema: z.string().regex(STORE_ID_PATTERN),
  example: "8419537941919820732",
};

const summary = {
  store_id: storeId,
  timezone_str: z.string().nullable().meta({
    description: "Its time zone; null where it has none of its own and counts as in " +
      "`America/Chicago`.",
    examples: ["America/New_York"],
  }),
  count: count("How many polls it has.", 2),
  first_poll: instant("Time of the first; null without any.", "2023-01-25T12:09:39.388Z")
    .nullable(),
  last_poll: instant("Time of the last; null without any.", "2023-01-25T13:09:41.002Z")
    .nullable(),
};

/** A store as a list has it. */
export const storeSchema: z.ZodType = z.strictObject(summary).meta({ description: "A store." });

/** A page of stores. */
export const storeList: z.ZodType = z.strictObject({
  stores: z.array(storeSchema).meta({ description: "In the order of their ids." }),
  next: z.string().regex(/^\/stores\?limit=\d+&cursor=[A-Za-z0-9_.%-]+$/).nullable().meta({
    description: "The next page; null on the last.",
    examples: ["/stores?limit=100&cursor=8419537941919820732"],
  }),
}).meta({ description: "A page of stores." });

const clock = (description: string, example: string) =>
  z.string().regex(/^\d\d:\d\d:\d\d(\.\d{3})?$/).meta({ description, examples: [example] });

/** A store as a whole. */
export const storeDetail: z.ZodType = z.strictObject({
  ...summary,
  hours: z.array(z.strictObject({
    day_of_week: z.int().min(0).max(6).meta({ description: "0 is Monday.", examples: [0] }),
    start_time_local: clock("When it opens, on the clocks of its zone.", "09:00:00"),
    end_time_local: clock(
      "When it closes, on the next day where that is before the start. `23:59:59` is the end of " +
        "the day.",
      "17:00:00",
    ),
  })).nullable().meta({
    description: "When it is open, by day and start; null where nothing is known of that, and it " +
      "counts as open always.",
  }),
}).meta({ description: "A store as a whole." });

const told = {
  rejected: count("Rows that were not taken.", 1),
  rejects: z.array(rejectSchema).max(REJECTS_LISTED)
    .meta({ description: `The first ${REJECTS_LISTED} of those.` }),
  ignored_columns: z.array(z.string()).max(IGNORED_LISTED).meta({
    description: `Columns that mean nothing here, the first ${IGNORED_LISTED}.`,
    examples: [["note"]],
  }),
};

/** What came of an upload of polls. */
export const pollReport: z.ZodType = z.strictObject({
  received: count("Rows of the upload.", 4),
  inserted: count("Polls of times that were new.", 1),
  updated: count("Polls of times that had another status.", 1),
  unchanged: count("Rows that changed nothing.", 1),
  ...told,
}).meta({
  description: "What came of an upload of polls: `received` = `inserted` + `updated` + " +
    "`unchanged` + `rejected`.",
});

/** What came of an upload of hours or time zones. */
export const replacementReport: z.ZodType = z.strictObject({
  received: count("Rows of the upload.", 3),
  replaced: count("Rows that were taken.", 2),
  stores: count("Stores whose hours or time zone these rows replaced.", 1),
  ...told,
}).meta({
  description: "What came of an upload of hours or time zones: `received` = `replaced` + " +
    "`rejected`.",
});

/** The uploads of one sort that run. */
export const runningStoreImports: z.ZodType = z.strictObject({
  imports: z.array(runningImport).meta({
    description: "Those that run in the process which answers, the oldest first. Of hours and " +
      "time zones no row counts as taken before the end.",
  }),
}).meta({ description: "Uploads that are on their way." });

/**
 * Deletions as resources: requests and answers. The OpenAPI document and the types of the answers come
 * from these schemas.
 *
 * @module
 */

import { z } from "zod";
import { ID_PATTERN_FORM, ID_PATTERN_RULE } from "../../data/access/id_pattern.ts";
import { DELETION_TARGETS_MAX } from "../../data/limits.ts";
import { restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { DELETIONS } from "../../jobs/deletions/deletion_contract.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { jobError } from "./schemas.ts";

/** The states of a deletion. */
export const DELETION_STATES = ["pending", "running", "completed", "failed", "cancelled"] as const;

/** A cursor: when the last deletion of a page was created, and its id. */
export const DELETION_CURSOR: RegExp = /^(\d{1,15})_([0-9a-f-]{36})$/;

const HALF = "Send from and to, or neither";

function targets(things: string, example: string) {
  const size = `${things} must have 1 to ${DELETION_TARGETS_MAX} ids or patterns`;
  return z.array(
    z.string({ error: `${things} must be texts` })
      .regex(ID_PATTERN_FORM, `${things} must each be ${ID_PATTERN_RULE}`),
    { error: `${things} must be a list` },
  ).min(1, size).max(DELETION_TARGETS_MAX, size).optional().meta({
    description: `Ids of ${things}, or patterns in which \`*\` stands for any run of characters.`,
    examples: [[example]],
  });
}

function bodyTime(name: "from" | "to", description: string, example: string) {
  const readMs = name === "from" ? rangeStartMs : rangeStopMs;
  return z.string({ error: rangeTimeRule(name) })
    .refine((text) => readMs(text) !== null, rangeTimeRule(name))
    .refine((text) => (readMs(text) ?? 0) >= 0, `${name} must not be before 1970-01-01T00:00:00Z`)
    .optional().meta(rangeTimeMeta(description, example));
}

/** What to delete. */
export const deletionRequest = z.strictObject({
  meters: targets("meters", "site-a.*"),
  devices: targets("devices", "battery-9"),
  stores: targets("stores", "8419537941919820732"),
  from: bodyTime(
    "from",
    "First time to delete, inclusive. With `from` and `to`, only readings are deleted.",
    "2024-01-01",
  ),
  to: bodyTime(
    "to",
    "End of the range, exclusive. A bare date is the end of that day.",
    "2024-01-31",
  ),
  objects: z.boolean({ error: "objects must be true or false" }).optional().meta({
    description: "Whether the files of continuous export lose the readings too; only for devices.",
    examples: [false],
  }),
}).superRefine(({ meters, devices, stores, from, to, objects }, context) => {
  const given = [meters, devices, stores].filter((one) => one !== undefined).length;
  const issue = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  if (given !== 1) issue([], "Send one of meters, devices and stores");
  if (objects && devices === undefined) issue(["objects"], "objects is only for devices");
  if ((from === undefined) !== (to === undefined)) {
    issue([from === undefined ? "from" : "to"], HALF);
  } else if (from !== undefined && to !== undefined) {
    if ((rangeStopMs(to) ?? 0) <= (rangeStartMs(from) ?? 0)) issue(["to"], "to must be after from");
  }
}).meta({
  description: "What to delete: one of `meters`, `devices` and `stores`, and perhaps a range.",
});

/** What to delete. */
export type DeletionRequest = z.infer<typeof deletionRequest>;

const ids = z.array(z.string()).meta({
  description: "The ids, ascending.",
  examples: [["site-a.1", "site-a.2"]],
});

const subject = z.enum(["meters", "devices", "stores"]).meta({
  description: "What is deleted.",
  examples: ["meters"],
});

const files = z.strictObject({
  deleted: count("How many windows lost their last reading.", 3),
  rewritten: count("How many windows were written again without the readings.", 1),
});

/** A deletion. */
export const deletionResource = z.strictObject({
  id: z.uuid().meta({
    description: "The id of the deletion; also that of its job.",
    examples: ["7f3f1f0a-2f6c-4a5d-9a54-5f0f4a5be0c1"],
  }),
  kind: z.enum(DELETIONS).meta({
    description: "The kind of its job.",
    examples: ["delete_many"],
  }),
  status: z.enum(DELETION_STATES).meta({
    description: "`pending` waits, `running` deletes. What a cancelled one deleted stays deleted.",
    examples: ["completed"],
  }),
  subject,
  ids,
  from: instant(
    "Start of the range of readings; null if everything is deleted.",
    "2024-01-01T00:00:00Z",
  )
    .nullable(),
  to: instant("End of the range, exclusive; null if everything is deleted.", "2024-02-01T00:00:00Z")
    .nullable(),
  objects: z.boolean().meta({
    description: "Whether the files of continuous export lose the readings too.",
    examples: [false],
  }),
  created_at: instant("When it was requested.", "2026-02-10T08:00:00Z"),
  started_at: instant("When its last run began; null before.", "2026-02-10T08:00:00.010Z")
    .nullable(),
  updated_at: instant("When it last changed.", "2026-02-10T08:00:01.250Z"),
  ended_at: instant("When it ended; null before.", "2026-02-10T08:00:01.250Z").nullable(),
  progress: z.strictObject({
    percent: z.int().min(0).max(100).meta({
      description: "Share of the work done.",
      examples: [100],
    }),
    deleted_readings: count(
      "Readings deleted so far. A run after an interruption counts only its own.",
      1_440,
    ),
    total_readings: count("Readings to delete; null before they are counted.", 1_440).nullable(),
  }),
  files: files.nullable().meta({
    description:
      "What happened to the files of continuous export; null before, and without `objects`.",
  }),
  error: jobError,
}).meta({ description: "A deletion." });

/** A deletion. */
export type DeletionResource = z.infer<typeof deletionResource>;

/** A page of deletions. */
export const deletionList = z.strictObject({
  deletions: z.array(deletionResource).meta({ description: "Deletions, the newest first." }),
  next: z.string().nullable().meta({
    description: "The path of the next page; null on the last one.",
    examples: [null],
  }),
}).meta({ description: "A page of deletions." });

/** A page of deletions. */
export type DeletionList = z.infer<typeof deletionList>;

/** What a deletion would delete. */
export const deletionPreview = z.strictObject({
  subject,
  ids,
  not_found: z.array(z.string()).meta({
    description: "Ids of the request that do not exist, and patterns that match nothing.",
    examples: [[]],
  }),
  readings: count("How many readings would be deleted now.", 2_880),
  windows: count(
    "How many windows of continuous export have such readings, if `objects` is true; else 0.",
    0,
  ),
}).meta({ description: "What a deletion would delete." });

/** What a deletion would delete. */
export type DeletionPreview = z.infer<typeof deletionPreview>;

function listTime(name: string, description: string) {
  return z.string()
    .refine((text) => rangeStartMs(restorePlus(text)) !== null, rangeTimeRule(name))
    .meta(rangeTimeMeta(description, "2024-02-01")).optional();
}

/** The query of the list. */
export const deletionListQuery = z.strictObject({
  limit: z.string().regex(/^\d{1,3}$/, "limit must be a whole number of 1 to 100").transform(Number)
    .pipe(z.int().min(1, "limit must be at least 1").max(100, "limit must be at most 100"))
    .default(20),
  cursor: z.string().regex(DELETION_CURSOR, "cursor must be that of a next page").optional(),
  status: z.enum(DELETION_STATES, `status must be one of ${DELETION_STATES.join(", ")}`).optional(),
  id: z.string().min(1).max(64, "id must be the id of a meter, device or store").optional(),
  from: listTime("from", "The first time, inclusive."),
  to: listTime("to", "The end, exclusive; a date means the end of that day."),
});

/** The query of the list. */
export type DeletionListQuery = z.infer<typeof deletionListQuery>;

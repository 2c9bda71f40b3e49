/**
 * Requests and answers about deletions. The OpenAPI document and the types of the answers come from
 * these schemas.
 *
 * @module
 */

import { z } from "zod";
import { plusHint, restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { DELETIONS } from "../../jobs/deletions/deletion_contract.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { count, instant } from "../openapi/schema_parts.ts";

function time(
  name: "from" | "to",
  readMs: (text: string) => number | null,
  description: string,
  example: string,
): z.ZodType<string> {
  const error = ({ input }: { input?: unknown }) => {
    if (input === undefined) return `${name} is required`;
    const isTime = typeof input === "string" && readMs(restorePlus(input)) !== null;
    if (isTime) return `${name} must not be before 1970-01-01T00:00:00Z`;
    return rangeTimeRule(name) + plusHint(input);
  };
  return z.string({ error }).refine((text) => (readMs(restorePlus(text)) ?? -1) >= 0, { error })
    .meta(rangeTimeMeta(description, example));
}

/** Whether a deletion of telemetry deletes files of continuous export too. */
export const objectsText = z.enum(["true", "false"], "objects must be true or false").optional();

/** The query of a deletion of readings. */
export const spanQuery = z.strictObject({
  from: time(
    "from",
    rangeStartMs,
    "First time to delete, inclusive, from 1970 on. UTC unless it has an offset. A bare date is its " +
      "midnight.",
    "2026-02-01T00:00:00Z",
  ),
  to: time(
    "to",
    rangeStopMs,
    "End of the range, exclusive, after `from`. UTC unless it has an offset. A bare date is the end " +
      "of that day, so `2026-02-01` includes the whole day.",
    "2026-02-02T00:00:00Z",
  ),
});

/** The query of a deletion of a device's readings. */
export const deviceSpanQuery = spanQuery.extend({ objects: objectsText });

/** The query of a deletion of a device. */
export const deviceQuery = z.strictObject({ objects: objectsText });

/** Why a job failed. */
export const jobError = z.strictObject({
  code: z.string().meta({
    description: "A stable name for programs.",
    examples: ["DELETION_FAILED"],
  }),
  message: z.string().meta({
    description: "What went wrong.",
    examples: ["The deletion could not be completed"],
  }),
  details: z.string().meta({ description: "A second sentence, or empty.", examples: [""] }),
}).nullable().meta({ description: "Why the job failed; null if it did not." });

/** A job that deletes something. */
export const jobStatus = z.strictObject({
  job_id: z.uuid().meta({
    description: "The id of the job.",
    examples: ["7f3f1f0a-2f6c-4a5d-9a54-5f0f4a5be0c1"],
  }),
  kind: z.enum(DELETIONS).meta({ description: "What it deletes.", examples: ["delete_readings"] }),
  status: z.enum(["pending", "completed", "failed"]).meta({
    description: "`pending` until the job has ended.",
    examples: ["completed"],
  }),
  message: z.string().min(1).meta({
    description: "A sentence for people.",
    examples: ["Deletion completed"],
  }),
  created_at: instant("When the job was created.", "2026-02-10T08:00:00Z"),
  updated_at: instant("When the job last changed.", "2026-02-10T08:00:01.250Z"),
  percent: z.int().min(0).max(100).meta({
    description: "Share of the work that is done.",
    examples: [100],
  }),
  deleted_readings: count(
    "How many readings the job has deleted so far. If it was interrupted, readings that it deleted " +
      "before are not counted.",
    1_440,
  ),
  error: jobError,
}).meta({ description: "A job that deletes something." });

/** A job that deletes something. */
export type JobStatusBody = z.infer<typeof jobStatus>;

/**
 * What requests and answers about continuous export look like.
 *
 * @module
 */

import { z } from "zod";
import { rangeStartMs } from "../../data/time/range_text.ts";
import { deviceIdText } from "../openapi/device_id.ts";
import { cursorText, limitText } from "../openapi/list_query.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { count, instant } from "../openapi/schema_parts.ts";

/** The states that the export of a device may be in, each with what it means. */
const STATES = {
  off: "this service exports nothing continuously, or not this device",
  paused: "it rests until it is resumed",
  failing: "the last attempt failed; `last_error` says why, and it is tried again",
  waiting: "no reading was found yet",
  catching_up: "windows that are over are not exported yet",
  up_to_date: "every window that is over is exported",
} as const;

/** One of the states. */
export type ExportState = keyof typeof STATES;

/** What a list may be asked for. */
export const exportListQuery: z.ZodObject<
  { limit: typeof limitText; cursor: z.ZodOptional<typeof cursorText> }
> = z.strictObject({ limit: limitText, cursor: cursorText.optional() });

const bound = (name: string, day: string) => {
  const rule = rangeTimeRule(name);
  const description = `ISO 8601; UTC without an offset. A bare date is ${day}.`;
  return z.string(rule).refine((text) => rangeStartMs(text) !== null, rule)
    .meta(rangeTimeMeta(description, "2026-02-07T12:00:00Z"));
};

/** What is to be written again. */
export const replayRequest: z.ZodType<{ from: string; to: string }> = z.strictObject({
  from: bound("from", "its midnight"),
  to: bound("to", "the midnight after it, so that day is included"),
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "The windows that readings of `from` to before `to` lie in." });

const span = z.strictObject({
  from: instant("Where it begins.", "2026-02-07T00:00:00Z"),
  to: instant("The first time past it.", "2026-02-08T00:00:00Z"),
});

const lastObject = z.strictObject({
  key: z.string().meta({
    description: "Its name below the folder or in the bucket.",
    examples: ["device_id=test-001/date=2026/02/07/export_120000.parquet"],
  }),
  window_start: instant("Where its window begins.", "2026-02-07T12:00:00Z"),
  window_end: instant("The first time past its window.", "2026-02-07T12:01:00Z"),
  rows: count("How many readings it has.", 60),
  size_bytes: count("How long it is.", 4_211),
  sha256: z.string().regex(/^[0-9a-f]{64}$/).meta({
    description: "The checksum of its bytes.",
    examples: ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
  }),
  revision: count("How often it was written with other readings than before, from 1.", 1),
  written_at: instant("When the destination confirmed it.", "2026-02-07T12:01:03.120Z"),
});

/** The export of a device. */
export const continuousExport: z.ZodType = z.strictObject({
  device_id: deviceIdText,
  state: z.enum(Object.keys(STATES)).meta({
    description: `${
      Object.entries(STATES).map(([state, text]) => `\`${state}\`: ${text}`).join("; ")
    }.`,
    examples: ["up_to_date"],
  }),
  checkpoint: instant(
    "Every window before this time is exported; null before the first one. That of a device " +
      "which sends nothing moves on every ten minutes or so.",
    "2026-02-07T12:01:00Z",
  ).nullable(),
  window_seconds: count("The length of the windows of today.", 60),
  lag_seconds: z.number().min(0).meta({
    description: "How long ago the first window ended that is over and not exported; 0 where " +
      "there is none. It may be too long where a device sends again after a silence.",
    examples: [0],
  }),
  exported_revision: count(
    "The revision of the device's readings that is exported: with all that came late up to it. " +
      "Always 0 where readings come from InfluxDB.",
    86,
  ),
  revision: count("The revision of the device's readings, which grows when they change.", 86),
  last_object: lastObject.nullable().meta({
    description: "The object that was confirmed last; null before the first one.",
  }),
  last_error: z.strictObject({
    message: z.string().meta({
      description: "What is wrong.",
      examples: ["The file store has no room left"],
    }),
    since: instant("When it failed first.", "2026-02-07T12:01:03Z"),
    at: instant("When it failed last.", "2026-02-07T12:05:11Z"),
    attempts: count("How often it failed since.", 5),
  }).nullable().meta({
    description: "What keeps it from being exported; null where nothing does.",
  }),
  totals: z.strictObject({
    objects: count("Objects that were written, those written again too.", 1_440),
    rows: count("Readings in them.", 86_400),
    size_bytes: count("Their bytes.", 6_063_840),
    rewrites: count("How many of them were there before.", 3),
    deletions: count("Objects that were deleted, as their readings were removed.", 0),
  }).meta({ description: "What was done since the beginning." }),
  replays: z.array(span).meta({ description: "Spans that are still to be written again." }),
}).meta({ description: "The continuous export of a device." });

/** A page of them. */
export const continuousExportList: z.ZodType = z.strictObject({
  exports: z.array(continuousExport).meta({ description: "In the order of the devices' ids." }),
  next: z.string().regex(/^\/api\/continuous-exports\?limit=\d+&cursor=[A-Za-z0-9_-]+$/).nullable()
    .meta({
      description: "The next page; null on the last.",
      examples: ["/api/continuous-exports?limit=100&cursor=test-001"],
    }),
}).meta({ description: "A page of continuous exports." });
